import type { Host, OutputStream } from '../host.ts'

/**
 * Whether text for `stream` may hold colours: on a terminal, unless NO_COLOR is set to anything;
 * FORCE_COLOR decides before both, `0` and `false` meaning no.
 */
export function wantsColour(env: Host['env'], stream: Pick<OutputStream, 'isTTY'>): boolean {
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  if ((env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return false
  return stream.isTTY === true
}

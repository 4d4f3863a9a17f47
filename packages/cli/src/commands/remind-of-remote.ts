import type { Cli } from '../cli.ts'

const KEEPS = 'The remote store keeps its copy, and the next run finds it there.'

/**
 * What was removed on this machine comes back from a store that others share.
 * @param hint what a server can be asked, and no bucket or folder; empty for nothing.
 */
export async function remindOfRemote(cli: Cli, hint: string): Promise<void> {
  const { remote } = await cli.settings()
  if (remote === undefined) return
  const isServer = /^https?:/.test(remote.url)
  cli.voice.remark(isServer && hint !== '' ? `${KEEPS} ${hint}` : KEEPS)
}

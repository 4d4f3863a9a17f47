import type { VaultEvent } from '@taskvault/core'
import type { Host } from '../host.ts'
import { formatBytes } from './quantities.ts'

type ProgressEvent = Extract<VaultEvent, { kind: 'progress' }>

/** A bar on stderr for work that takes longer than half a second, on a terminal only. */
export interface Progress {
  /** Draws progress events; ignores all others. */
  read(event: VaultEvent): void
  /** Wipes the bar, so that something can be written in its place; the next event draws it again. */
  end(): void
}

const SHOW_AFTER_MS = 500
const REDRAW_AFTER_MS = 100
const BAR_CELLS = 24

const LABELS: Readonly<Record<ProgressEvent['phase'], string>> = {
  hashing: 'Hashing',
  saving: 'Saving',
  restoring: 'Restoring',
  receiving: 'Receiving',
  sending: 'Sending',
  verifying: 'Verifying',
  collecting: 'Collecting',
}

export function createProgress(host: Host, options: { readonly isEnabled: boolean }): Progress {
  const isShown = options.isEnabled && host.stderr.isTTY === true
  let startedAtMs = host.now()
  let drawnAtMs = 0
  let last: ProgressEvent | undefined
  const wipe = (): void => {
    if (drawnAtMs > 0) host.stderr.write('\r\u001b[2K')
    drawnAtMs = 0
  }
  return {
    read: (event) => {
      if (event.kind !== 'progress' || !isShown) return
      const nowMs = host.now()
      if (isBegunAnew(event, last)) startedAtMs = nowMs
      last = event
      if (nowMs - startedAtMs < SHOW_AFTER_MS || nowMs - drawnAtMs < REDRAW_AFTER_MS) return
      drawnAtMs = nowMs
      host.stderr.write(`\r\u001b[2K${renderBar(event, host.stderr.columns ?? 80)}`)
    },
    end: wipe,
  }
}

/** Whether the same is done once more: after a command has run, its inputs are looked at again. */
function isBegunAnew(event: ProgressEvent, last: ProgressEvent | undefined): boolean {
  return last !== undefined && event.phase === last.phase && event.done < last.done
}

/** One line, not longer than the terminal is wide. */
export function renderBar(event: ProgressEvent, columns: number): string {
  const { phase, done, total, unit } = event
  const show = (value: number): string => (unit === 'bytes' ? formatBytes(value) : String(value))
  const noun = unit === 'bytes' ? '' : ` ${unit}`
  if (total === undefined || total <= 0)
    return `${LABELS[phase]} ${show(done)}${noun}`.slice(0, columns - 1)
  const share = Math.min(1, done / total)
  const filled = Math.round(share * BAR_CELLS)
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)}`
  const percent = `${Math.floor(share * 100)}%`.padStart(4)
  return `${LABELS[phase]} ${bar} ${percent}  ${show(done)} of ${show(total)}${noun}`.slice(
    0,
    columns - 1,
  )
}

import type { RunEvent, VaultEvent } from '@taskvault/core'
import type { Runner } from '../runner.ts'

/** What goes wrong with the cache: warnings, and never more than that. */
export interface Troubles {
  /** Whether the cache could not be used. */
  readonly hadSome: boolean
  /** Of the cache, which could not be used. */
  warn(message: string): void
  /** Of something that a person has to know, though the cache is as good as ever. */
  remark(message: string): void
  event(event: RunEvent | VaultEvent): void
}

/** Says the same only once: what is tried again fails again. */
export function createTroubles(runner: Pick<Runner, 'warning' | 'info'>): Troubles {
  const told = new Set<string>()
  let hadSome = false
  const remark = (message: string): void => {
    if (!told.has(message)) runner.warning(message)
    told.add(message)
  }
  const warn = (message: string): void => {
    remark(message)
    hadSome = true
  }
  return {
    get hadSome() {
      return hadSome
    },
    warn,
    remark,
    event(event) {
      if (event.kind === 'trouble') warn(event.message)
      if (event.kind === 'quarantined')
        remark(`An entry of ${event.task} is damaged, or was tampered with; it is not used.`)
      if (event.kind === 'remote-replaced') remark(event.message)
      // The step that met with silence has warned of it.
      if (event.kind === 'remote-paused') {
        const { insteadOfIt } = event
        hadSome ||= insteadOfIt === undefined
        runner.info(
          insteadOfIt === undefined
            ? 'the remote store is not asked: it did not answer a moment ago'
            : `using ${insteadOfIt} in place of the remote store, which did not answer a moment ago`,
        )
      }
    },
  }
}

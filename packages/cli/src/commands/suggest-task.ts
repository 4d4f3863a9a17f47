import { findNearestName, listEntries } from '@taskvault/core'
import type { Vault } from '@taskvault/core'
import type { Cli } from '../cli.ts'

/** Of so many entries, the newest, the names are looked at. */
const LOOKED_AT = 1000

/** Says which task may have been meant where there is no entry of the one that was named. */
export function suggestTask(cli: Cli, { store }: Vault, task: string): void {
  const names = listEntries(store, { limit: LOOKED_AT }).map((entry) => entry.task)
  const nearest = findNearestName(task, [...new Set(names)])
  if (nearest !== undefined && nearest !== task)
    cli.voice.remark(`There is no entry of ${task} here. Did you mean ${nearest}?`)
}

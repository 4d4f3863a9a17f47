import { createHash } from 'node:crypto'
import { createKeyableWork, findKey, nameOfKey, namePrefixOfKeys } from '@taskvault/core'
import type {
  ArchiveSource,
  KeyedPlace,
  NewestQuery,
  TaskAdditions,
  TaskName,
} from '@taskvault/core'
import type { HalfStep } from './half-step.ts'
import { HASH } from './inputs/keyed-inputs.ts'
import type { KeyedInputs } from './inputs/keyed-inputs.ts'

/** What a step keeps, and by which name it is known. */
export interface StepWork {
  readonly task: TaskName
  readonly additions: TaskAdditions
  /** Whose newest entry is better than nothing, the best one first. */
  readonly fallbacks: readonly NewestQuery[]
  /** Undefined: the key is the digest of what the work reads. */
  readonly written: WrittenKey | undefined
  /** What actions/cache may have saved. */
  readonly archives?: ArchiveSource
}

/** A key of somebody's own, whole. */
export interface WrittenKey {
  readonly key: string
  readonly restoreKeys: readonly string[]
  readonly place: KeyedPlace
}

/** Undefined when trouble kept the digest from being known that the key is made of; it was told. */
export async function findStepWork(step: HalfStep): Promise<StepWork | undefined> {
  const { inputs } = step
  const { task, keyed, takesNewest } = inputs
  const additions = {
    ...inputs.additions,
    outputs: inputs.paths,
    command: undefined,
    isCache: true,
  }
  if (keyed === undefined) {
    return { task, additions, fallbacks: takesNewest ? [{ task }] : [], written: undefined }
  }
  const written = await fillIn(step, { keyed, additions })
  if (written === undefined) return undefined
  const work = workOfKey(written, { additions, takesNewest })
  return { ...work, archives: archivesOf(step, keyed, work) }
}

interface Filling {
  readonly keyed: KeyedInputs
  readonly additions: TaskAdditions
}

/** Makes the key whole: what was written, with the digest of what the work reads. */
async function fillIn(
  { opened, inputs, troubles }: HalfStep,
  { keyed, additions }: Filling,
): Promise<WrittenKey | undefined> {
  const { restoreKeys } = keyed
  const place = { group: inputs.task, version: versionOf(keyed) }
  if (!keyed.key.includes(HASH)) return { key: keyed.key, restoreKeys, place }
  const { settings, env, vault } = opened
  if (vault === undefined) return undefined
  const work = createKeyableWork(inputs.task, { settings, env, additions })
  const hash = await findKey(vault, { ...work, onEvent: troubles.event })
  return hash && { key: keyed.key.replaceAll(HASH, hash), restoreKeys, place }
}

const NOTHING = { inputs: [], env: [], tools: [] }

function workOfKey(
  written: WrittenKey,
  { additions, takesNewest }: Pick<StepWork, 'additions'> & { readonly takesNewest: boolean },
): StepWork & { readonly written: WrittenKey } {
  const { key, restoreKeys, place } = written
  const beginnings = [key, ...restoreKeys, ...(takesNewest ? [''] : [])]
  const prefixes = beginnings.flatMap((each) => namePrefixOfKeys(place, each) ?? [])
  return {
    task: nameOfKey(place, key),
    // The name may not show all of a key; nothing else counts.
    additions: { ...additions, ...NOTHING, salt: `${place.version}\n${key}`, isLoose: true },
    fallbacks: prefixes.map((taskPrefix) => ({ taskPrefix })),
    written,
  }
}

function versionOf({ paths, isWindowsOnly }: KeyedInputs): string {
  const parts = isWindowsOnly ? [...paths, 'windows-only'] : paths
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

function archivesOf(
  { opened }: HalfStep,
  { paths, isWindowsOnly }: KeyedInputs,
  { additions, written }: StepWork & { readonly written: WrittenKey },
): ArchiveSource {
  const { settings, env } = opened
  const { key, restoreKeys, place } = written
  return {
    query: { paths, isWindowsOnly, keys: [key, ...restoreKeys] },
    workOf(archiveKey) {
      const ofKey = workOfKey(
        { key: archiveKey, restoreKeys: [], place },
        { additions, takesNewest: false },
      )
      return createKeyableWork(ofKey.task, { settings, env, additions: ofKey.additions })
    },
  }
}

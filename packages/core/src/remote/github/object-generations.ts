import type { CallOptions } from '../blob-store.ts'
import { nonsense } from '../failures.ts'
import { ENTRIES_PREFIX } from '../objects/object-layout.ts'
import type { FoundArchive, GithubService } from './github-service.ts'

/** An archive that holds an object, or says that it is gone. */
export interface Generation extends FoundArchive {
  readonly objectKey: string
  readonly generation: number
  readonly isRemoved: boolean
}

/** Finds the newest generations of objects among the archives of GitHub's cache service. */
export interface Generations {
  /** The newest archive whose name begins so. */
  find(prefix: string, call: CallOptions | undefined): Promise<Generation | undefined>
  /**
   * The newest of an object, for who only reads it. May be what was found a moment ago: what is there is written once, and
   * a large object is read in parts.
   */
  findForReading(key: string, call: CallOptions | undefined): Promise<Generation | undefined>
  /** The newest of all objects whose keys begin so; may be what was found a moment ago. */
  findNewest(keyPrefix: string, call: CallOptions | undefined): Promise<Generation | undefined>
  /** Something was written, or is not where it was. */
  forget(): void
}

const PREFIX = 'taskvault/'
const NAME = /^taskvault\/(?<key>.+)@(?<generation>\d{1,9})(?<removed>-removed)?$/
/** How long what was found is taken to be there. */
const FRESH_MS = 10_000

export function generationName(key: string, generation: string): string {
  return `${PREFIX}${key}@${generation}`
}

export function createGenerations(service: GithubService): Generations {
  const seen = new Map<string, Seen>()

  function recall(prefix: string): Seen | undefined {
    const known = seen.get(prefix)
    return known !== undefined && performance.now() - known.atMs < FRESH_MS ? known : undefined
  }

  function note(prefix: string, found: Generation | undefined): void {
    const atMs = performance.now()
    seen.set(prefix, { found, atMs })
    if (found !== undefined) seen.set(generationName(found.objectKey, ''), { found, atMs })
  }

  /** By the first prefix that anything begins with. */
  async function ask(
    prefixes: readonly string[],
    call: CallOptions | undefined,
  ): Promise<Generation | undefined> {
    const [first = ''] = prefixes
    call?.signal?.throwIfAborted()
    const found = await service.find([first, ...prefixes], call)
    if (found === undefined || !prefixes.some((prefix) => found.key.startsWith(prefix)))
      return undefined
    return asGeneration(found)
  }

  return {
    async find(prefix, call) {
      const found = await ask([prefix], call)
      // Whoever has just asked whether it is there reads what is there now.
      if (found === undefined) seen.delete(prefix)
      else note(prefix, found)
      return found
    },
    async findForReading(key, call) {
      const name = generationName(key, '')
      const known = recall(name)
      if (known !== undefined) return known.found
      const beside = besideOf(key)
      const found = await ask(beside === undefined ? [name] : [name, beside], call)
      if (found?.key.startsWith(name) === true) {
        note(name, found)
        return found
      }
      if (beside !== undefined) note(beside, found)
      if (found === undefined) return undefined
      // The own branch is asked for all names before the default one is asked for the first.
      const alone = await ask([name], call)
      if (alone !== undefined) note(name, alone)
      return alone
    },
    async findNewest(keyPrefix, call) {
      const prefix = PREFIX + keyPrefix
      const known = recall(prefix)
      if (known !== undefined) return known.found
      const found = await ask([prefix], call)
      note(prefix, found)
      return found
    },
    forget: () => seen.clear(),
  }
}

/** What was found, or that there was nothing. */
interface Seen {
  readonly found: Generation | undefined
  readonly atMs: number
}

function asGeneration(found: FoundArchive): Generation {
  const { key, generation, removed } = NAME.exec(found.key)?.groups ?? {}
  if (key === undefined) throw nonsense(`GitHub's cache service answered with another key`)
  const isRemoved = removed !== undefined
  return { ...found, objectKey: key, generation: Number(generation), isRemoved }
}

/**
 * Whoever misses an entry asks for the newest one of its task next. The answer to the first question can be that one:
 * the service takes several names, and tells what a branch has under the first of them.
 */
function besideOf(key: string): string | undefined {
  return key.startsWith(ENTRIES_PREFIX)
    ? PREFIX + key.slice(0, key.lastIndexOf('/') + 1)
    : undefined
}

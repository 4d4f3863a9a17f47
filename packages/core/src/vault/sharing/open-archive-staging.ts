import path from 'node:path'
import { isFailure } from '../../errors.ts'
import type { OpenParts } from '../open-parts.ts'
import { openPlaces } from '../open-places.ts'
import type { CacheSelection } from '../vault.ts'

export interface ArchiveStaging extends Disposable {
  /** Empty, and nobody else's; absolute. */
  readonly directory: string
}

/** Whence what is unpacked can be moved to its place, as far as one can tell before; or in the cache's directory. */
export function openArchiveStaging(
  parts: OpenParts,
  { start }: Pick<CacheSelection, 'start'>,
): ArchiveStaging {
  const { cacheDirectory } = parts.settings
  try {
    return stageIn(parts, start ?? cacheDirectory)
  } catch (error) {
    if (start === undefined || !isFailure(error)) throw error
    return stageIn(parts, cacheDirectory)
  }
}

function stageIn(parts: OpenParts, parent: string): ArchiveStaging {
  const output = { absolutePath: path.join(parent, 'archive') }
  const places = openPlaces(parts, [output])
  try {
    return {
      directory: places.stagingOf(output.absolutePath),
      [Symbol.dispose]: () => places[Symbol.dispose](),
    }
  } catch (error) {
    places[Symbol.dispose]()
    throw error
  }
}

import path from 'node:path'
import { isFailure } from '../../errors.ts'
import type { OpenParts } from '../open-parts.ts'
import { openPlaces } from '../open-places.ts'

export interface ArchiveStaging extends Disposable {
  /** Empty, and nobody else's; absolute. */
  readonly directory: string
}

/**
 * A directory in the cache's own.
 * @param near where it should rather be, if that can be written to.
 */
export function openArchiveStaging(parts: OpenParts, near?: string): ArchiveStaging {
  const { cacheDirectory } = parts.settings
  try {
    return stageIn(parts, near ?? cacheDirectory)
  } catch (error) {
    if (near === undefined || !isFailure(error)) throw error
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

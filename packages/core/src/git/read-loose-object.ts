import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import type { Repository } from './find-repository.ts'

/** Larger ones are git's to read: nothing here takes memory for a large file. */
const MOST_STORED_BYTES = 1024 * 1024
const MOST_BYTES = 8 * 1024 * 1024

const ID = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/

/**
 * What an object that git wrote not long ago holds, from a file of its own: asking git takes as long as
 * all that a hook has to do otherwise. Undefined when it lies elsewhere (in a pack, in another
 * repository's objects), is large, is damaged, or is of another kind.
 * @param id hexadecimal, and whole; else there is no such file.
 */
export function readLooseObject(
  kind: 'commit' | 'tree' | 'blob',
  id: string,
  { commonDirectory }: Repository,
): Buffer | undefined {
  if (!ID.test(id)) return undefined
  try {
    const file = join(commonDirectory, 'objects', id.slice(0, 2), id.slice(2))
    if (statSync(file).size > MOST_STORED_BYTES) return undefined
    const bytes = inflateSync(readFileSync(file), { maxOutputLength: MOST_BYTES })
    const end = bytes.indexOf(0)
    const body = bytes.subarray(end + 1)
    return bytes.toString('latin1', 0, end) === `${kind} ${body.length}` ? body : undefined
  } catch {
    return undefined
  }
}

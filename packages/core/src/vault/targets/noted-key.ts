import type { Notes } from '../../model/notes.ts'

const NAME = 'CACHE_KEY'

/** For an entry whose name shows only the beginning of the key that it is saved by. */
export function noteKey(key: string): Notes {
  return new Map([[NAME, Buffer.from(key)]])
}

/** The key that an entry was saved by, whoever says so. */
export function readNotedKey(notes: Notes | undefined): string | undefined {
  const bytes = notes?.get(NAME)
  return bytes && Buffer.from(bytes).toString()
}

import type { IndexedContent } from '../../model/pack-index.ts'

/**
 * Contents of a pack that is being written, in columns: one object for each, and the memory that each
 * digest comes in, would be ten times as large.
 */
export interface ContentList extends Iterable<IndexedContent> {
  readonly length: number
  /** Adds a content; its digest is copied. */
  add(content: IndexedContent): void
  clear(): void
}

const FIRST_CAPACITY = 64
/** Frame, offset and length. */
const PLACE_NUMBERS = 3

export function createContentList(digestBytes: number): ContentList {
  let digests = Buffer.alloc(FIRST_CAPACITY * digestBytes)
  let places = new Uint32Array(FIRST_CAPACITY * PLACE_NUMBERS)
  let length = 0

  function grow(): void {
    digests = Buffer.concat([digests], digests.length * 2)
    const larger = new Uint32Array(places.length * 2)
    larger.set(places)
    places = larger
  }

  function read(index: number): IndexedContent {
    const at = index * PLACE_NUMBERS
    return {
      digest: digests.subarray(index * digestBytes, (index + 1) * digestBytes),
      frame: places[at] as number,
      offset: places[at + 1] as number,
      length: places[at + 2] as number,
    }
  }

  return {
    get length() {
      return length
    },
    add(content) {
      if ((length + 1) * digestBytes > digests.length) grow()
      digests.set(content.digest, length * digestBytes)
      const at = length * PLACE_NUMBERS
      places[at] = content.frame
      places[at + 1] = content.offset
      places[at + 2] = content.length
      length += 1
    },
    clear: () => void (length = 0),
    *[Symbol.iterator]() {
      for (let index = 0; index < length; index += 1) yield read(index)
    },
  }
}

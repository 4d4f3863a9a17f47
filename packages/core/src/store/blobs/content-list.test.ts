import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createContentList } from './content-list.ts'

const u32 = fc.nat(2 ** 32 - 1)
const content = fc.record({
  digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
  frame: u32,
  offset: u32,
  length: u32,
})

test('contents come back as they were added, however many, and after what was there before', () => {
  fc.assert(
    fc.property(fc.array(content), fc.array(content, { maxLength: 200 }), (before, contents) => {
      const list = createContentList(32)
      for (const item of before) list.add(item)
      list.clear()

      for (const item of contents) list.add(item)

      expect(list).toHaveLength(contents.length)
      expect([...list]).toEqual(contents)
    }),
  )
})

test('a digest is kept when the memory that it came in is used again', () => {
  const list = createContentList(32)
  const digest = Buffer.alloc(32, 1)

  list.add({ digest, frame: 0, offset: 0, length: 0 })
  digest.fill(2)

  expect([...list].map((item) => item.digest)).toEqual([Buffer.alloc(32, 1)])
})

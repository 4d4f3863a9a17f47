import fc from 'fast-check'
import { expect, test } from 'vitest'
import { divideIntoPages, parsePage, placeOf } from './listing-page.ts'

const directory = fc
  .array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 4 })
  .map((names) => `/${names.map((name) => name.replaceAll('\0', '-')).join('/')}`)
const listings = fc
  .array(fc.tuple(directory, fc.uint8Array({ maxLength: 20_000 })), { minLength: 1, maxLength: 40 })
  .map((pairs) => new Map(pairs))

test('pages hold all listings, each once, in the order of their places', () => {
  fc.assert(
    fc.property(listings, (all) => {
      const pages = [...divideIntoPages(all)]
      const found = pages.map(({ bytes }) => [...(parsePage(bytes) ?? [])])
      expect(new Map(found.flat())).toEqual(all)
      expect(found.flat()).toHaveLength(all.size)
      const places = found.flat().map(([name]) => placeOf(name))
      expect(places).toEqual(places.toSorted((a, b) => Buffer.compare(a, b)))
      expect(pages.map(({ first }) => first)).toEqual(
        found.map(([first]) => placeOf(first?.[0] ?? '')),
      )
    }),
  )
})

test('what is below a directory comes before its neighbours, as in a walk', () => {
  const names = ['/a', '/a-b', '/a/z', '/a.b', '/a/z/y']
  const pages = [...divideIntoPages(new Map(names.map((name) => [name, new Uint8Array(8)])))]

  expect(pages.flatMap(({ bytes }) => [...(parsePage(bytes)?.keys() ?? [])])).toEqual([
    '/a',
    '/a/z',
    '/a/z/y',
    '/a-b',
    '/a.b',
  ])
})

test('a thousand listings are in pages of about 64 KiB; a page that has grown a little is not divided', () => {
  const all = new Map(
    Array.from({ length: 1000 }, (_, number) => [
      `/${String(number).padStart(4, '0')}`,
      new Uint8Array(1000),
    ]),
  )
  const pages = [...divideIntoPages(all)]
  expect(pages).toHaveLength(15)
  for (const { bytes } of pages) expect(bytes.length).toBeLessThan(72 * 1024)

  const grown = new Map(parsePage(pages[0]!.bytes)).set('/0000/more', new Uint8Array(9000))
  expect([...divideIntoPages(grown)]).toHaveLength(1)
})

test('listings begin where numbers of eight bytes can be read in place', () => {
  const [page] = divideIntoPages(
    new Map([
      ['/a', new Uint8Array(3)],
      ['/b', new Uint8Array(5)],
    ]),
  )
  const offsets = [...parsePage(page!.bytes)!.values()].map((listing) => listing.byteOffset % 8)
  expect(offsets).toEqual([0, 0])
})

test('bytes that are no page, or were damaged or cut, are none, and never more than what was asked for', () => {
  const [page] = divideIntoPages(
    new Map([
      ['/a', new Uint8Array(100)],
      ['/b', new Uint8Array(50)],
    ]),
  )
  const { bytes } = page!
  for (let length = 0; length < bytes.length; length += 1)
    expect(parsePage(bytes.subarray(0, length))).toBeUndefined()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(bytes.length - 1), (noise, at) => {
      const damaged = Uint8Array.from(bytes)
      damaged.set(noise.subarray(0, bytes.length - at), at)
      const length = [...(parsePage(damaged)?.values() ?? [])].reduce(
        (sum, row) => sum + row.length,
        0,
      )
      expect(length).toBeLessThanOrEqual(bytes.length)
    }),
  )
})

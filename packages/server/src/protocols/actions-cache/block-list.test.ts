import { expect, test } from 'vitest'
import { parseBlockList } from './block-list.ts'

test.each([
  ['<BlockList/>', []],
  ['<BlockList></BlockList>', []],
  [
    '<?xml version="1.0"?>\n<BlockList> <Latest>QQ==</Latest><Uncommitted> Qg== </Uncommitted><Committed>QQ==</Committed></BlockList>',
    ['QQ==', 'Qg==', 'QQ=='],
  ],
])('%s', (xml, expected) => {
  expect(parseBlockList(xml)).toEqual(expected)
})

test.each([
  'QQ==',
  '<BlockList>',
  '</BlockList><BlockList>',
  '<BlockList><Latest>QQ==</Committed></BlockList>',
  '<BlockList><Latest>../x</Latest></BlockList>',
])('%s is none', (xml) => {
  expect(() => parseBlockList(xml)).toThrow(/BlockList/)
})

const MIB = 1024 ** 2

test.each(['<BlockList>', '<BlockList', '<BlockList ', '<Latest>', '<Latest>QQ==', ' '])(
  'four mebibytes of %s are refused at once',
  (text) => {
    const xml = `<BlockList>${text.repeat(Math.floor((4 * MIB) / text.length))}`
    const startedAt = performance.now()

    expect(() => parseBlockList(xml)).toThrow()
    expect(() => parseBlockList(`${xml}x</BlockList>`)).toThrow()

    expect(performance.now() - startedAt).toBeLessThan(5000)
  },
)

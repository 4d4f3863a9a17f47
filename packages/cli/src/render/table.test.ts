import { expect, test } from 'vitest'
import { renderTable } from './table.ts'

test('columns are as wide as their widest text, and no line ends in spaces', () => {
  const rows = [
    ['a', '1', 'x'],
    ['bcd', '100', ''],
  ]

  expect(renderTable(rows, { header: ['NAME', 'SIZE', 'LAST'], rightAligned: [1] })).toBe(
    'NAME  SIZE  LAST\na        1  x\nbcd    100',
  )
})

test('a text cannot begin a line, nor steer the terminal', () => {
  const rows = [['::error::\nhi', '\u001b[2J']]

  expect(renderTable(rows)).toBe(String.raw`::error::\nhi  \u001b[2J`)
})

test('no rows are no lines', () => {
  expect(renderTable([])).toBe('')
})

test('there can be more rows than a call takes arguments', () => {
  const rows = Array.from({ length: 200_000 }, (_, index) => [String(index), 'x'])

  expect(renderTable(rows).startsWith('0       x\n')).toBe(true)
})

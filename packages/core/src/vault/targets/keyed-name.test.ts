import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTaskName } from '../../model/task.ts'
import { keyOfName, namePrefixOfKeys, nameOfKey, notesOfKey } from './keyed-name.ts'

const PLACE = { group: parseTaskName('deps'), version: '0123456789abcdef' }

test('a name ends in its key', () => {
  expect(nameOfKey(PLACE, 'Linux-npm-1')).toBe('deps/0123456789ab/Linux-npm-1')
  expect(nameOfKey(PLACE, 'a b%\u00A0')).toBe('deps/0123456789ab/a%20b%25%C2%A0')
})

test('every key has a name of its own, from which it is read again', () => {
  const keys = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(keys, keys, (one, other) => {
      const key = one.toWellFormed()
      expect(keyOfName(PLACE, nameOfKey(PLACE, key))).toBe(key)
      const isSame = nameOfKey(PLACE, key) === nameOfKey(PLACE, other.toWellFormed())
      expect(isSame).toBe(key === other.toWellFormed())
    }),
  )
})

test('what keys begin with, names begin with', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 400 })
  fc.assert(
    fc.property(text, text, (beginning, rest) => {
      const prefix = namePrefixOfKeys(PLACE, beginning)
      if (prefix === undefined) expect(beginning.length).toBeGreaterThan(15)
      else expect(nameOfKey(PLACE, `${beginning}${rest}-`).startsWith(prefix)).toBe(true)
    }),
  )
})

test('keys that are too long to be shown are told apart', () => {
  const long = 'x'.repeat(512)

  expect(nameOfKey(PLACE, `${long}1`)).not.toBe(nameOfKey(PLACE, `${long}2`))
  expect(nameOfKey(PLACE, long)).toHaveLength(200)
  expect(namePrefixOfKeys(PLACE, long)).toBeUndefined()
  expect(namePrefixOfKeys({ ...PLACE, version: '1'.repeat(64) }, 'x')).not.toBe(
    namePrefixOfKeys(PLACE, 'x'),
  )
})

test('a key that is too long to be shown is noted beside its name', () => {
  const key = `Linux ${'é'.repeat(200)}`
  const name = nameOfKey(PLACE, key)
  const other = notesOfKey(name, `${key}2`)

  expect(keyOfName(PLACE, name, notesOfKey(name, key))).toBe(key)
  expect(keyOfName(PLACE, name, other)).toMatch(/^Linux é+~[0-9a-f]{32}$/)
  expect(notesOfKey(nameOfKey(PLACE, 'a key'), 'a key')).toBeUndefined()
})

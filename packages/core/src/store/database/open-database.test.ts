import { expect, test } from 'vitest'
import { describeDatabase } from '../../testing/describe-database.ts'
import { isSound, loadSqliteDriver } from './sqlite-driver.ts'

describeDatabase('node')
describeDatabase('better-sqlite3')

test.each([
  ['3.51.3', true],
  ['3.51.2', false],
  ['3.50.9', false],
  ['3.52.0', true],
  ['4.0.0', true],
  ['2.99.99', false],
  [undefined, false],
])('SQLite %s may be shared by writers: %s', (version, expected) => {
  expect(isSound(version)).toBe(expected)
})

test('Node’s own SQLite is taken where it is sound, and another when that is asked for', async () => {
  expect((await loadSqliteDriver('')).name).toBe(
    isSound(process.versions['sqlite']) ? 'node' : 'better-sqlite3',
  )
  expect((await loadSqliteDriver('better-sqlite3')).name).toBe('better-sqlite3')
  await expect(loadSqliteDriver('oracle')).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
})

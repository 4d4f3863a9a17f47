import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseServerSecret, readServerSecret } from './server-secret.ts'

test('a secret is made once, for its owner only', () => {
  const file = path.join(temporaryDirectory(), 'data', 'secret')

  const made = readServerSecret(file)

  expect(made).toHaveLength(32)
  expect(readServerSecret(file)).toEqual(made)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(path.dirname(file))).toEqual(['secret'])
})

test.each(['', 'hello', 'ab'.repeat(31), `${'ab'.repeat(32)}z`])('%j is no secret', (text) => {
  const file = path.join(temporaryDirectory(), 'secret')
  writeFileSync(file, text)

  expect(() => readServerSecret(file)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  expect(() => parseServerSecret(text)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

test('what is wrong with a secret is said without it', () => {
  expect(() => parseServerSecret('hunter2')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('hunter2') as string }),
  )
})

function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-secret-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

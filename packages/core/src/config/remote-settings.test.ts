import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { listSettings } from './list-settings.ts'
import { loadSettings } from './load-settings.ts'
import type { LoadedSettings } from './settings.ts'

const KEY = 'A'.repeat(43)

test('an address alone is enough', async () => {
  const { remote } = await load('remote: https://vault.example.com')

  expect(remote).toEqual({
    url: 'https://vault.example.com',
    mode: 'read-write',
    publicKeys: [],
    timeoutSeconds: 4,
  })
})

test('a map says more', async () => {
  const text = `remote: { url: 's3://bucket/a', mode: read, public_keys: ${KEY}, timeout_seconds: 2 }`

  expect((await load(text)).remote).toEqual({
    url: 's3://bucket/a',
    mode: 'read',
    publicKeys: [KEY],
    timeoutSeconds: 2,
  })
})

test('without any, there is none', async () => {
  expect((await load('')).remote).toBeUndefined()
})

test('the variable replaces the address, and keys stay pinned', async () => {
  const text = `remote: { url: 'https://one', public_keys: ${KEY} }`
  const settings = await load(text, { TASKVAULT_REMOTE: 'https://two' })

  expect(settings.remote).toMatchObject({ url: 'https://two', publicKeys: [KEY] })
  expect(listSettings(settings).filter(({ name }) => name.startsWith('remote.'))).toMatchObject([
    { name: 'remote.url', value: 'https://two', source: { name: 'TASKVAULT_REMOTE' } },
    { name: 'remote.mode', source: { kind: 'default' } },
    { name: 'remote.public_keys', value: [KEY], source: { kind: 'file', line: 1 } },
    { name: 'remote.timeout_seconds', source: { kind: 'default' } },
  ])
})

test('the variable can say that there is none', async () => {
  expect((await load('remote: https://one', { TASKVAULT_REMOTE: 'off' })).remote).toBeUndefined()
})

test.each([
  ['remote: vault.example.com', 'remote.url'],
  ['remote: ftp://vault', 'remote.url'],
  ['remote: https://user:secret@vault', 'remote.url'],
  ['remote: file://host/share', 'remote.url'],
  ['remote: file:share', 'remote.url'],
  ['remote: file:///a%zz', 'remote.url'],
  ['remote: file:///a%2Fb', 'remote.url'],
  ['remote: { url: s3:///nothing }', 'remote.url'],
  ['remote: { mode: write }', 'remote.mode'],
  ['remote: { public_keys: [short] }', 'remote.public_keys'],
  ['remote: { timeout_seconds: 0 }', 'remote.timeout_seconds'],
  ['remote: { adress: https://vault }', 'remote.adress'],
  ['remote: [https://vault]', 'remote'],
  ['remote:\n  certificate: us.pem', 'config.yaml:2:3: remote.certificate: remote.key is missing'],
  ['remote:\n  key: us.key', 'config.yaml:2:3: remote.key: remote.certificate is missing'],
])('%s is refused with its name', async (text, name) => {
  await expect(load(text)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(name),
  })
})

test('a password in an address is refused, and not repeated', async () => {
  const attempt = load('remote: https://user:hunter2@vault')

  await expect(attempt).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.not.stringContaining('hunter2'),
  })
})

async function load(
  text: string,
  env: Readonly<Record<string, string>> = {},
): Promise<LoadedSettings> {
  const cwd = mkdtempSync(join(tmpdir(), 'taskvault-config-'))
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }))
  mkdirSync(join(cwd, '.taskvault'))
  writeFileSync(join(cwd, '.taskvault', 'config.yaml'), text)
  return await loadSettings({ cwd, env })
}

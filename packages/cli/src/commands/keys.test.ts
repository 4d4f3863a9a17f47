import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import process from 'node:process'
import { onTestFinished, expect, test } from 'vitest'
import { startVaultServer } from '../../../../test/rig/start-vault-server.ts'
import { EXIT } from '../exit-codes.ts'
import { createProject, runMain } from '../testing/run-main.ts'
import type { Ran } from '../testing/run-main.ts'

interface Scene {
  readonly cwd: string
  /** Runs a command with the key of the administrator, or with another one. */
  run(argv: readonly string[], token?: string): Promise<Ran>
}

test('a key is made, listed, used and revoked', async () => {
  const { run } = await openScene()

  const made = await run(['keys', 'create', 'anna', '--address', '127.0.0.0/8', '::1'])
  const [, id = ''] = made.stdout.split('_')
  const listed = await run(['keys', 'list'])
  const asData = await run(['keys', 'list', '--json'])
  const asAnna = await run(['keys', 'list'], made.stdout.trim())
  const revoked = await run(['keys', 'revoke', id])

  expect(made.stdout).toMatch(/^tv_[0-9a-f]{24}_\S+\n$/)
  expect(made.stderr).toContain(`anna (${id}): engineer of local:default, writes own`)
  expect(listed.stdout).toMatch(
    new RegExp(`^${id}  anna  +engineer .*in 8\\d d.* 127.0.0.0/8 ::1$`, 'm'),
  )
  expect(listed.stdout).not.toContain(made.stdout.trim())
  expect(JSON.parse(asData.stdout)).toMatchObject({
    keys: [{ role: 'admin' }, { id, name: 'anna' }],
  })
  expect(asAnna).toMatchObject({ code: EXIT.permission, stdout: '' })
  expect(asAnna.stderr).toContain('keys:manage')
  expect(revoked.stdout).toBe(`✓ Revoked ${id}\n`)
  expect((await run(['keys', 'list'])).stdout).toMatch(/anna .*revoked/)
  expect((await run(['keys', 'list'], made.stdout.trim())).code).toBe(EXIT.permission)
})

test('a key says of itself what was asked for', async () => {
  const { run } = await openScene()
  const options =
    '--role engineer --project jenkins:shop --writes protected:refs/heads/main --read main next'

  const made = await run([
    'keys',
    'create',
    'ci',
    '--json',
    '--expires',
    '7',
    ...options.split(' '),
  ])

  const key = JSON.parse(made.stdout) as Readonly<Record<string, unknown>>
  expect(made.stderr).toBe('')
  expect(key).toMatchObject({
    name: 'ci',
    role: 'engineer',
    project: 'jenkins:shop',
    writes: 'protected:refs/heads/main',
    reads: ['main', 'next'],
    addresses: [],
  })
  expect(Number(key['expiresAtMs']) - Number(key['createdAtMs'])).toBe(7 * 24 * 3_600_000)
})

test.each([
  [['keys', 'create', 'a b'], EXIT.usage, /^error: Not a name for a key/],
  [
    ['keys', 'create', 'anna', '--writes', 'protected'],
    EXIT.usage,
    /^error: Not what a key can write/,
  ],
  [['keys', 'create', 'anna', '--project', 'acme'], EXIT.usage, /^error: Not a project: "acme"/],
  [
    ['keys', 'create', 'anna', '--writes', 'protected:refs/heads/..'],
    EXIT.usage,
    /^error: Not a place for entries: protected:refs\/heads\/\.\./,
  ],
  [['keys', 'create', 'anna', '--role', 'root'], EXIT.usage, /Allowed choices are admin/],
  [['keys', 'create', 'anna', '--expires', '1000'], EXIT.usage, /up to 366/],
  [['keys', 'create', 'anna', '--address', 'example.com'], EXIT.usage, /^error: Not a range/],
  [['keys', 'create'], EXIT.usage, /missing required argument/],
  [['keys', 'revoke', 'nobody'], EXIT.miss, /no key "nobody" to revoke/],
  [['why', 'nothing'], EXIT.miss, /shows no entry "nothing"\nhint: Give /],
  [['why', 'abcd'], EXIT.miss, /shows no entry "abcd"/],
  [['why', '../keys'], EXIT.miss, /shows no entry/],
  [['why', 'x', '--depth', '-1'], EXIT.usage, /whole number/],
])('%j ends with %i', async (argv, code, said) => {
  const { run } = await openScene()

  const ran = await run(argv)

  expect(ran).toMatchObject({ code, stdout: '' })
  expect(ran.stderr).toMatch(said)
})

test.each([
  [{}, /There is no remote store/],
  [{ TASKVAULT_REMOTE: 'file:///mnt/share' }, /file:\/\/\/mnt\/share is not a server/],
  [{ TASKVAULT_REMOTE: 's3://bucket/prefix' }, /is not a server/],
])('without a server there is nobody to ask: %j', async (env, said) => {
  const ran = await runMain(['keys', 'list'], { cwd: createProject(), env })

  expect(ran).toMatchObject({ code: EXIT.usage, stdout: '' })
  expect(ran.stderr).toMatch(said)
})

test('a server that cannot be reached is said to be, and nothing of the key', async () => {
  const secret = 'tv_secret'
  const env = { TASKVAULT_REMOTE: 'http://127.0.0.1:1', TASKVAULT_TOKEN: secret }

  const ran = await runMain(['keys', 'list'], { cwd: createProject(), env })

  expect(ran.code).toBe(EXIT.unavailable)
  expect(ran.stderr).not.toContain(secret)
})

test('one that speaks no TLS is said not to, without the places in the source of OpenSSL', async () => {
  await using server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const env = { TASKVAULT_REMOTE: `https://127.0.0.1:${port}`, TASKVAULT_TOKEN: 'tv_x' }

  const ran = await runMain(['keys', 'list'], { cwd: createProject(), env })

  expect(ran.code).toBe(EXIT.unavailable)
  expect(ran.stderr.split('\n')).toEqual([
    `error: No answer from 127.0.0.1:${port}: it does not support our version of TLS (ERR_SSL_WRONG_VERSION_NUMBER)`,
    expect.stringMatching(/^hint: Check the address/),
    '',
  ])
})

test('what is invalidated here comes back from the server, unless it is invalidated there as well', async () => {
  const { run, cwd } = await openScene()
  writeFileSync(path.join(cwd, 'in.txt'), '1')
  const restore = ['restore', 'unit', '--input', 'in.txt']
  await run(restore)
  await run(['save', 'unit'])
  const engineer = (await run(['keys', 'create', 'anna'])).stdout.trim()

  const here = await run(['cache', 'invalidate', 'unit'])
  const again = await run(restore)
  const refused = await run(['cache', 'invalidate', 'unit', '--remote'], engineer)
  const kept = await run(['cache', 'ls', '--json'])
  const both = await run(['cache', 'invalidate', 'unit', '--remote', '--json'])
  const gone = await run(restore)

  expect(here.stderr).toMatch(/^The remote store keeps its copy.*--remote/)
  expect(again.code).toBe(EXIT.ok)
  expect(refused.code).toBe(EXIT.permission)
  expect(JSON.parse(kept.stdout)).toMatchObject({ entries: [{ task: 'unit' }] })
  expect([both.stderr, JSON.parse(both.stdout)]).toEqual(['', { removed: 1, removedRemotely: 1 }])
  expect(gone.code).toBe(EXIT.miss)
})

test('what was removed here by its key is removed from the server by the command that is told', async () => {
  const { run, cwd } = await openScene()
  writeFileSync(path.join(cwd, 'in.txt'), '1')
  const restore = ['restore', 'unit', '--input', 'in.txt']
  await run(restore)
  await run(['save', 'unit'])
  const { entries } = JSON.parse((await run(['cache', 'ls', '--json'])).stdout)
  const removed = await run(['cache', 'rm', entries[0].key])
  const [, told = ''] = /`cache (.*)`/.exec(removed.stderr) ?? []

  const there = await run(['cache', ...told.split(' '), '--json'])
  const gone = await run(restore)

  expect(JSON.parse(there.stdout)).toEqual({ removed: 0, removedRemotely: 1 })
  expect(gone.code).toBe(EXIT.miss)
})

test.each([
  ['file:///mnt/share', ['unit']],
  ['https://vault.example.com', ['--unreachable']],
])('nobody is told to ask %s for what it cannot do', async (url, what) => {
  const env = { TASKVAULT_REMOTE: url, PATH: process.env['PATH'] ?? '' }
  const cwd = createProject()
  execFileSync('git', ['init', '-q'], { cwd })
  const anna = ['-c', 'user.name=anna', '-c', 'user.email=anna@example.com']
  execFileSync('git', [...anna, 'commit', '-q', '--allow-empty', '-m', 'Begin'], { cwd })

  const ran = await runMain(['cache', 'invalidate', ...what], { cwd, env })

  expect(ran.stderr).toBe('The remote store keeps its copy, and the next run finds it there.\n')
})

test('the doctor says whether the server answers, and why it does not', async () => {
  const { run } = await openScene()

  const answered = await run(['doctor'])
  const refused = await run(['doctor'], 'tv_wrong')
  const unreached = await runMain(['doctor', '--json'], {
    cwd: createProject(),
    env: { TASKVAULT_REMOTE: 'http://127.0.0.1:1' },
  })

  expect(answered.stdout).toMatch(/^✓ remote store: http:\S+: answers; read-write$/m)
  expect(refused.stdout).toMatch(/^! remote store: http:\S+: .*401.* TASKVAULT_TOKEN/m)
  expect([answered.code, refused.code, unreached.code]).toEqual([EXIT.ok, EXIT.ok, EXIT.ok])
  expect(JSON.parse(unreached.stdout)).toMatchObject({
    healthy: true,
    remote: { url: 'http://127.0.0.1:1', trouble: expect.stringContaining('No answer') },
  })
})

async function openScene(): Promise<Scene> {
  const server = await startVaultServer()
  onTestFinished(async () => await server[Symbol.asyncDispose]())
  const cwd = createProject()
  return {
    cwd,
    run: async (argv, token = server.key) => {
      const env = { TASKVAULT_REMOTE: server.url, TASKVAULT_TOKEN: token }
      return await runMain(argv, { cwd, env })
    },
  }
}

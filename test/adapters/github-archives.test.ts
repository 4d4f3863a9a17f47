import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { useVaultServer } from '../rig/use-vault-server.ts'
import {
  contentOf,
  createMachine,
  post,
  runAction,
  uniqueTask,
  writeFiles,
} from './github/run-action.ts'
import type { Machine } from './github/run-action.ts'
import { useActionsCache } from './github/use-actions-cache.ts'

/* The built action beside GitHub's own client: what one has saved, the other puts back. */

const server = await useVaultServer()

const PATHS = ['out', '~/.tool', 'packages/*/dist']

describe.each(['zstd', 'gzip'] as const)('with %s', (compression) => {
  test('the action puts back what actions/cache has saved, and saves it no more', async () => {
    const key = uniqueTask()
    const first = createFilled(compression)
    await useActionsCache(first, { does: 'save', paths: PATHS, key })
    const second = createMachineWith(compression)
    writeFiles(second, { 'out/a': 'old' })

    const inputs = { key, path: PATHS.join('\n') }
    const hit = await runAction(second, { inputs })
    const nothing = await post(second, inputs, hit)

    expect(hit.log).not.toContain('::')
    expect(hit.outputs).toMatchObject({ 'cache-hit': 'true', 'cache-matched-key': key })
    expect(hit.log).toContain(`Cache restored from key: ${key}\n`)
    expect(nothing.log).toContain('not saving cache.')
    expect(describeTree(second)).toEqual(describeTree(first))
  })
})

test('what actions/cache has found by wildcards, and behind links, comes back', async () => {
  const call = { paths: ['out/**', '**/node_modules'], key: `${uniqueTask()}-${'x'.repeat(200)}` }
  const inputs = { key: 'none', path: call.paths.join('\n'), 'restore-keys': 'task-' }
  const first = checkOutPackages()
  makeTree(first)
  writeFiles(first, {
    'node_modules/a/index.js': 'a',
    'packages/one/node_modules/b/index.js': 'b',
  })
  symlinkSync('../packages/one', path.join(first.workspace, 'node_modules/one'))
  symlinkSync('names-that-are-long', path.join(first.workspace, 'out/names'))
  utimesSync(path.join(first.workspace, 'out'), 1_000_000_000, 1_000_000_000)
  await useActionsCache(first, { does: 'save', ...call })

  const second = checkOutPackages()
  const hit = await runAction(second, { entry: 'restore', inputs })
  const again = await runAction(second, { entry: 'restore', inputs })
  const known = await runAction(second, { entry: 'restore', inputs: { ...inputs, remote: 'off' } })

  for (const { log, outputs } of [hit, again, known]) {
    expect(log).not.toContain('::')
    expect(outputs).toMatchObject({ 'cache-hit': 'false', 'cache-matched-key': call.key })
  }
  const roots = ['out', 'node_modules', 'packages/one/node_modules']
  const [made, restored] = [first, second].map((machine) =>
    roots.flatMap((root) => describeBelow(machine, root)),
  )
  expect(restored).toEqual(made)
})

test('actions/cache puts back what the action has saved for it', async () => {
  const key = uniqueTask()
  const inputs = { key: `${key}-1`, path: PATHS.join('\n'), format: 'archive' }
  const first = createFilled()
  const saved = await runAction(first, { entry: 'save', inputs })
  const second = createMachine(server)

  const call = { does: 'restore', paths: PATHS, key: `${key}-2`, restoreKeys: [key] } as const
  const found = await useActionsCache(second, call)
  const known = await runAction(createFilled(), { entry: 'save', inputs })
  const third = createMachine(server)
  const ours = await runAction(third, { entry: 'restore', inputs })

  expect(saved.log).toContain(`Cache saved with key: ${key}-1\n`)
  expect(Number(saved.outputs['uploaded-bytes'])).toBeGreaterThan(500)
  expect(found).toBe(`${key}-1`)
  expect(describeTree(second)).toEqual(describeTree(first))
  expect(known.log).toContain('another job may be creating this cache')
  expect(ours.outputs['cache-hit']).toBe('true')
  expect(describeTree(third)).toEqual(describeTree(first))
})

test('on GitHub Enterprise Server, both speak the first protocol', async () => {
  const key = uniqueTask()
  const [first, second, third] = [1, 2, 3].map(() => {
    const machine = createMachine(server)
    machine.env['ACTIONS_CACHE_URL'] = `${server.url}/`
    machine.env['GITHUB_SERVER_URL'] = 'https://git.example'
    delete machine.env['ACTIONS_RESULTS_URL']
    return machine
  }) as [Machine, Machine, Machine]
  const inputs = { key, path: 'out' }
  writeFiles(first, { 'out/a': 'theirs' })
  await useActionsCache(first, { does: 'save', paths: ['out'], key })

  const theirs = await runAction(second, { inputs })
  const missed = await runAction(second, { inputs: { ...inputs, key: `${key}-2` } })
  const saved = await post(second, inputs, missed)
  const ours = await runAction(third, { inputs: { ...inputs, key: `${key}-2` } })

  const hits = [theirs, missed, ours].map(({ outputs }) => outputs['cache-hit'])
  expect(hits, saved.log).toEqual(['true', undefined, 'true'])
  expect(contentOf(third, 'out/a')).toBe('theirs')
})

test('restore keys find what actions/cache has saved, and so does a look-up', async () => {
  const task = uniqueTask()
  const first = createMachine(server)
  writeFiles(first, { 'out/a': 'made' })
  await useActionsCache(first, { does: 'save', paths: ['out'], key: `${task}-1` })

  const second = createMachine(server)
  const inputs = { key: `${task}-2`, path: 'out', 'restore-keys': `${task}-none\n${task}-` }
  const looked = await runAction(second, { inputs: { ...inputs, 'lookup-only': 'true' } })
  const exact = await runAction(second, {
    inputs: { ...inputs, key: `${task}-1`, 'lookup-only': 'true' },
  })
  const isThere = lstatSync(path.join(second.workspace, 'out'), { throwIfNoEntry: false })
  const partial = await runAction(second, { inputs })
  const saved = await post(second, inputs, partial)

  const matched = { 'cache-hit': 'false', 'cache-matched-key': `${task}-1` }
  expect(looked.outputs).toMatchObject(matched)
  expect(exact.outputs['cache-hit']).toBe('true')
  expect(isThere).toBeUndefined()
  expect(partial.outputs).toMatchObject({ ...matched, 'cache-status': 'partial' })
  expect(contentOf(second, 'out/a')).toBe('made')
  expect(saved.log).toContain(`Cache saved with key: ${task}-2\n`)
})

test('what the action has saved goes before an archive of the same key', async () => {
  const key = uniqueTask()
  const machine = createMachine(server)
  for (const [by, text] of [
    ['actions/cache', 'theirs'],
    ['the action', 'ours'],
  ]) {
    writeFiles(machine, { 'out/a': text ?? '' })
    if (by === 'the action')
      await runAction(machine, { entry: 'save', inputs: { key, path: 'out' } })
    else await useActionsCache(machine, { does: 'save', paths: ['out'], key })
  }

  const other = createMachine(server)
  await runAction(other, { inputs: { key, path: 'out' } })

  expect(contentOf(other, 'out/a')).toBe('ours')
})

test('of an archive that cannot be put back whole, nothing stays', async () => {
  const call = { paths: ['a', 'b/*/x'], key: uniqueTask() }
  const first = createMachine(server)
  writeFiles(first, { 'a/file': 'made', 'b/c/x': 'made' })
  await useActionsCache(first, { does: 'save', ...call })
  const second = createMachine(server)
  mkdirSync(path.join(second.workspace, 'b'))
  mkdirSync(path.join(second.workspace, 'd'))
  symlinkSync('../d', path.join(second.workspace, 'b/c'))

  const inputs = { key: call.key, path: 'a\nb/*/x' }
  const missed = await runAction(second, { entry: 'restore', inputs })

  expect(missed.exitCode).toBe(0)
  expect(missed.log).toContain('a symlink on the way points outside')
  expect(missed.outputs).not.toHaveProperty('cache-hit')
  expect(listAll(second)).toEqual(['home', 'work', 'work/b', 'work/b/c', 'work/d'])
})

const EVIL = 'evil'
test.each<readonly [what: string, pack: (machine: Machine) => Buffer]>([
  ['an absolute path', (machine) => tar(machine, ['-P', path.join(machine.workspace, '../evil')])],
  [
    'a way out of a declared path',
    (machine) => tar(machine, ['-P', '--transform', 's,^evil,out/../../evil,', 'evil']),
  ],
  [
    'a link, and a file behind it',
    (machine) => tar(machine, ['--transform', 's,^evil$,out/link/evil,', 'out/link', 'evil']),
  ],
  ['its end missing', (machine) => tar(machine, ['out/a']).subarray(0, -30)],
])('an archive with %s is a miss and a warning, and touches nothing', async (_, pack) => {
  const key = uniqueTask()
  const author = createMachine(server)
  writeFiles(author, { 'out/a': 'new', evil: EVIL, '../evil': EVIL })
  symlinkSync('../..', path.join(author.workspace, 'out/link'))
  await sendArchive({ key, paths: ['out'] }, pack(author))
  const machine = createMachine(server)
  writeFiles(machine, { 'out/a': 'mine' })
  const before = listAll(machine)

  const missed = await runAction(machine, { entry: 'restore', inputs: { key, path: 'out' } })

  expect(missed.exitCode, missed.log).toBe(0)
  expect(missed.outputs).toMatchObject({ 'cache-status': 'miss', 'cache-matched-key': '' })
  expect(missed.outputs).not.toHaveProperty('cache-hit')
  expect(missed.log).toMatch(/^::warning .*damaged, or was tampered with/m)
  expect(listAll(machine)).toEqual(before)
  expect(contentOf(machine, 'out/a')).toBe('mine')
})

/** A machine that has the programs for one sort of archive. */
function createMachineWith(compression: 'zstd' | 'gzip'): Machine {
  const machine = createMachine(server)
  if (compression === 'zstd') return machine
  const programs = path.join(machine.workspace, '../programs')
  mkdirSync(programs)
  for (const name of ['tar', 'gzip', 'sh', 'ldd'])
    symlinkSync(execFileSync('which', [name]).toString().trim(), path.join(programs, name))
  machine.env['PATH'] = programs
  return machine
}

function createFilled(compression: 'zstd' | 'gzip' = 'zstd'): Machine {
  const machine = createMachineWith(compression)
  makeTree(machine)
  return machine
}

function checkOutPackages(): Machine {
  const machine = createMachine(server)
  writeFiles(machine, { 'packages/one/package.json': '{}' })
  return machine
}

/** Of all that file systems and archives know. */
function makeTree(machine: Machine): void {
  const deep = 'names-that-are-long/'.repeat(10)
  writeFiles(machine, {
    'out/a': 'content',
    'out/empty': '',
    [`out/${deep}ünïcödé 文.txt`]: 'deep',
    '../home/.tool/bin/tool': '#!/bin/sh\n',
    'packages/one/dist/main.js': 'one',
    'packages/two/dist/main.js': 'x'.repeat(200_000),
  })
  const inWork = (name: string): string => path.join(machine.workspace, name)
  mkdirSync(inWork('out/nothing'))
  symlinkSync('a', inWork('out/link'))
  symlinkSync('../nowhere', inWork('out/dangling'))
  chmodSync(inWork('../home/.tool/bin/tool'), 0o755)
  chmodSync(inWork('out/a'), 0o640)
  utimesSync(inWork('out/a'), 1_000_000_000.25, 1_000_000_000.25)
}

/** What lies at the paths, with all that is to come back: a line each. */
function describeTree(machine: Machine): readonly string[] {
  const roots = ['out', '../home/.tool', 'packages/one/dist', 'packages/two/dist']
  return roots.flatMap((root) => describeBelow(machine, root))
}

function describeBelow(machine: Machine, name: string): readonly string[] {
  const place = path.join(machine.workspace, name)
  const stats = lstatSync(place)
  // Times are put back to the microsecond, which may be the next millisecond.
  const mtimeMs = Math.trunc(Math.round(stats.mtimeMs * 1_000) / 1_000)
  if (stats.isSymbolicLink()) return [`${name} ${mtimeMs} -> ${readlinkSync(place)}`]
  const line = `${name} ${mtimeMs} ${(stats.mode & 0o7777).toString(8)}`
  if (!stats.isDirectory())
    return [`${line} ${createHash('sha256').update(readFileSync(place)).digest('hex')}`]
  const below = readdirSync(place).toSorted()
  return [line, ...below.flatMap((child) => describeBelow(machine, `${name}/${child}`))]
}

/** Everything but what the runner and the cache keep for themselves. */
function listAll({ workspace }: Machine): readonly string[] {
  return readdirSync(path.dirname(workspace), { recursive: true, encoding: 'utf8' })
    .filter((name) => !/^(temp|tools)\b/.test(name))
    .toSorted()
}

function tar({ workspace }: Machine, words: readonly string[]): Buffer {
  return execFileSync('tar', ['--posix', '--zstd', '-cf', '-', '-C', workspace, ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

/** By the protocol of GitHub's service, as actions/cache would if it had packed these bytes. */
async function sendArchive(
  { key, paths }: { readonly key: string; readonly paths: readonly string[] },
  bytes: Buffer,
): Promise<void> {
  const parts = [...paths, 'zstd-without-long', '1.0'].join('|')
  const version = createHash('sha256').update(parts).digest('hex')
  const call = async (method: string, body: Readonly<Record<string, string>>) => {
    const answer = await fetch(
      `${server.url}/twirp/github.actions.results.api.v1.CacheService/${method}`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ key, version, ...body }),
      },
    )
    return (await answer.json()) as Readonly<Record<string, string | boolean>>
  }
  const { signed_upload_url: url } = await call('CreateCacheEntry', {})
  const headers = { 'x-ms-blob-type': 'BlockBlob' }
  await fetch(String(url), { method: 'PUT', headers, body: new Uint8Array(bytes) })
  const { ok } = await call('FinalizeCacheEntryUpload', { size_bytes: String(bytes.length) })
  expect(ok).toBe(true)
}

import { renameSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { useVaultServer } from '../rig/use-vault-server.ts'
import { startsAfterJob } from './github/post-condition.ts'
import {
  contentOf,
  createMachine,
  post,
  runAction,
  uniqueTask,
  writeFiles,
} from './github/run-action.ts'
import type { Done, Machine } from './github/run-action.ts'

/* The built action in the place of actions/cache: its inputs, outputs, limits and words. */

const server = await useVaultServer()

type Inputs = Readonly<Record<string, string>>

test('a miss, a save, a hit and a restore key, in the words and outputs of actions/cache', async () => {
  const beginning = `Linux npm ${uniqueTask()}-`
  const inputs = { key: `${beginning}1`, path: 'out', 'restore-keys': `other-\n${beginning}` }
  const first = createMachine(server)
  const missed = await runAction(first, { inputs })
  writeFiles(first, { 'out/a': 'made' })
  const saved = await post(first, inputs, missed)

  const second = createMachine(server)
  const hit = await runAction(second, { inputs })
  const nothing = await post(second, inputs, hit)
  const third = createMachine(server)
  const other = { ...inputs, key: `${beginning}2` }
  const partial = await runAction(third, { inputs: other })
  const savedToo = await post(third, other, partial)

  const log = [missed, saved, hit, nothing, partial, savedToo].map((done) => done.log).join('')
  expect(log).not.toContain('::')
  expect(missed.log).toContain(
    `Cache not found for input keys: ${beginning}1, other-, ${beginning}\n`,
  )
  expect(missed.outputs).toMatchObject({
    'cache-status': 'miss',
    'cache-primary-key': `${beginning}1`,
    'cache-matched-key': '',
  })
  expect(missed.outputs).not.toHaveProperty('cache-hit')
  expect(saved.log).toContain(`Cache saved with key: ${beginning}1\n`)
  expect(hit.log).toContain(`Cache restored from key: ${beginning}1\n`)
  expect(hit.log).toContain('Cache Size: ~0 MB (4 B)\n')
  expect(hit.outputs).toMatchObject({ 'cache-hit': 'true', 'cache-matched-key': `${beginning}1` })
  expect(nothing.log).toContain(
    `Cache hit occurred on the primary key ${beginning}1, not saving cache.\n`,
  )
  expect(partial.log).toContain(`Cache restored from key: ${beginning}1\n`)
  expect(partial.outputs).toMatchObject({
    'cache-hit': 'false',
    'cache-status': 'partial',
    'cache-primary-key': `${beginning}2`,
    'cache-matched-key': `${beginning}1`,
  })
  expect(contentOf(third, 'out/a')).toBe('made')
  expect(savedToo.log).toContain(`Cache saved with key: ${beginning}2\n`)
})

describe.each([
  ["GitHub's cache service", () => ({})],
  ['a server of ours', () => ({ remote: server.url, token: server.key })],
  ['this machine alone', () => ({ remote: 'off' })],
])('in %s', (_, where) => {
  test('restore keys are tried one after the other, and the newest of each is taken', async () => {
    const task = uniqueTask()
    const machine = createMachine(server)
    const common = { path: 'out', ...where() }
    for (const [at, key] of ['-a-1', '-a-2', '-b-3'].entries()) {
      writeFiles(machine, { 'out/which': `${at}` })
      await runAction(machine, { entry: 'save', inputs: { ...common, key: task + key } })
    }

    const restore = async (...keys: readonly string[]): Promise<string> => {
      const { outputs } = await runAction(machine, {
        entry: 'restore',
        inputs: { ...common, key: `${task}-new`, 'restore-keys': keys.join('\n') },
      })
      return `${outputs['cache-hit'] ?? ''} ${outputs['cache-matched-key']}`
    }

    expect(await restore(`${task}-a-`, `${task}-b-`)).toBe(`false ${task}-a-2`)
    expect(contentOf(machine, 'out/which')).toBe('1')
    expect(await restore(`${task}-c-`, `${task}-`)).toBe(`false ${task}-b-3`)
    expect(await restore(`${task}-c-`)).toBe(' ')
    expect(await restore()).toBe(' ')
  })

  test('a look-up puts nothing in place, and the job saves what was not there', async () => {
    const inputs = { key: uniqueTask(), path: 'out', 'lookup-only': 'true', ...where() }
    const machine = createMachine(server)
    const missed = await runAction(machine, { inputs })
    writeFiles(machine, { 'out/a': 'made' })
    await post(machine, inputs, missed)
    rmSync(path.join(machine.workspace, 'out'), { recursive: true })

    const there = await runAction(machine, { inputs })
    const other = { ...inputs, key: `${inputs.key}-more`, 'restore-keys': inputs.key }
    const another = await runAction(machine, { inputs: other })
    const nothing = await post(machine, inputs, there)

    expect(there.log).toContain(`Cache found and can be restored from key: ${inputs.key}\n`)
    expect([there, another].map(({ outputs }) => outputs['cache-hit'])).toEqual(['true', 'false'])
    expect(another.outputs['cache-matched-key']).toBe(inputs.key)
    expect(nothing.log).toContain('not saving cache.')
    expect(() => contentOf(machine, 'out/a')).toThrow('ENOENT')
  })
})

test('a key that is as long as may be is matched whole by its beginning', async () => {
  const beginning = `Linux ${uniqueTask()} `
  const key = beginning + 'é'.repeat(512 - beginning.length)
  const inputs = { key: 'none', path: 'out', 'restore-keys': beginning }
  const machine = createMachine(server)
  writeFiles(machine, { 'out/a': 'made' })
  await runAction(machine, { entry: 'save', inputs: { key, path: 'out' } })

  const here = await runAction(machine, { entry: 'restore', inputs })
  const elsewhere = await runAction(createMachine(server), { entry: 'restore', inputs })

  for (const { log, outputs } of [here, elsewhere]) {
    expect(outputs).toMatchObject({ 'cache-hit': 'false', 'cache-matched-key': key })
    expect(log).toContain(`Cache restored from key: ${key}\n`)
  }
})

test('flags of actions/cache count when they say true, and other words do not', async () => {
  const inputs = { key: uniqueTask(), path: 'out' }
  const machine = createMachine(server)
  const no = { 'lookup-only': '0', 'fail-on-cache-miss': 'yes', 'save-always': 'no' }

  const missed = await runAction(machine, { inputs: { ...inputs, ...no } })
  writeFiles(machine, { 'out/a': 'made' })
  await post(machine, { ...inputs, ...no }, missed)
  const looked = await runAction(machine, { inputs: { ...inputs, 'lookup-only': 'tRuE' } })
  const refused = await runAction(machine, { inputs: { ...inputs, update: 'yes' } })

  expect([missed.exitCode, looked.exitCode, refused.exitCode]).toEqual([0, 0, 1])
  expect(looked.log).toContain(`Cache found and can be restored from key: ${inputs.key}\n`)
  expect(refused.log).toContain('update is "yes"')
})

test('other paths are another cache, and so is what Windows alone can read', async () => {
  const key = uniqueTask()
  const machine = createMachine(server)
  writeFiles(machine, { 'a/a': 'a', 'b/b': 'b' })
  await runAction(machine, { entry: 'save', inputs: { key, path: 'a' } })

  const other = await runAction(machine, { entry: 'restore', inputs: { key, path: 'b' } })
  const both = await runAction(machine, { entry: 'save', inputs: { key, path: 'a\nb' } })
  const known = await runAction(machine, {
    entry: 'restore',
    inputs: { key, path: 'a', enableCrossOsArchive: 'true', 'upload-chunk-size': '1000' },
  })
  machine.env['RUNNER_OS'] = 'Windows'
  const windows = await runAction(machine, { entry: 'restore', inputs: { key, path: 'a' } })

  expect(other.outputs).not.toHaveProperty('cache-hit')
  expect(windows.outputs).not.toHaveProperty('cache-hit')
  expect(both.log).toContain(`Cache saved with key: ${key}\n`)
  expect(known.outputs['cache-hit']).toBe('true')
})

test('paths have wildcards and exclusions, and lie wherever tools keep their caches', async () => {
  const inputs = {
    key: uniqueTask(),
    path: '**/node_modules\n!**/*.log\n~/.npm\n!~/.npm/_logs\nabsent',
  }
  const first = createMachine(server)
  const files = {
    'app/node_modules/a.js': 'a',
    'app/node_modules/b/b.js': 'b',
    '../home/.npm/_cacache/1': 'c',
  }
  const left = { 'app/node_modules/b/b.log': 'log', '../home/.npm/_logs/1': 'log' }
  writeFiles(first, { ...files, ...left })
  const saved = await runAction(first, { entry: 'save', inputs })
  const second = createMachine(server)
  const others = { 'app/node_modules/b/b.log': 'mine', 'app/node_modules/b/mine': 'mine' }
  writeFiles(second, { ...others, 'app/node_modules/b/b.js': 'old' })

  const hit = await runAction(second, { entry: 'restore', inputs })

  expect(saved.log).toContain(`Cache saved with key: ${inputs.key}`)
  expect(hit.log).not.toContain('::')
  expect(hit.outputs['cache-hit']).toBe('true')
  for (const [name, content] of Object.entries({ ...files, ...others }))
    expect(contentOf(second, name), name).toBe(content)
  expect(() => contentOf(second, '../home/.npm/_logs/1')).toThrow('ENOENT')
})

test('of a path around the store of the machine, the store is left out', async () => {
  const machine = createMachine(server)
  const tools = machine.env['RUNNER_TOOL_CACHE'] ?? ''
  const inputs = { key: uniqueTask(), path: tools }
  writeFiles(machine, { '../tools/python/3/bin': 'python' })

  const missed = await runAction(machine, { inputs })
  const saved = await post(machine, inputs, missed)
  rmSync(tools, { recursive: true })
  const hit = await runAction(machine, { inputs })

  expect([missed, saved, hit].map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
  expect(saved.log).toContain(`Cache saved with key: ${inputs.key}\n`)
  expect(hit.outputs['cache-hit']).toBe('true')
  expect(contentOf(machine, '../tools/python/3/bin')).toBe('python')
})

test('wildcards find what lies in a workspace that is a link, and it comes back', async () => {
  const inputs = { key: uniqueTask(), path: '**/made\n!drop' }
  const [first, second] = [1, 2].map(() => {
    const machine = createMachine(server)
    renameSync(machine.workspace, `${machine.workspace}-real`)
    symlinkSync('work-real', machine.workspace)
    return machine
  }) as [Machine, Machine]
  writeFiles(first, { 'app/made/a': 'made', 'drop/made/a': 'left' })

  const saved = await runAction(first, { entry: 'save', inputs })
  const hit = await runAction(second, { entry: 'restore', inputs })

  expect(saved.log).toContain(`Cache saved with key: ${inputs.key}\n`)
  expect(hit.outputs['cache-hit'], hit.log).toBe('true')
  expect(contentOf(second, 'app/made/a')).toBe('made')
  expect(() => contentOf(second, 'drop/made/a')).toThrow('ENOENT')
})

test('without a directory of the runner for temporary files, the job saves as well', async () => {
  const inputs = { key: uniqueTask(), path: 'out' }
  const machine = createMachine(server)
  delete machine.env['RUNNER_TEMP']

  const missed = await runAction(machine, { inputs })
  writeFiles(machine, { 'out/a': 'made' })
  const saved = await post(machine, inputs, missed)

  expect(saved.log).toContain(`Cache saved with key: ${inputs.key}\n`)
})

test('behind a link that is in the way nothing is written', async () => {
  const inputs = { key: uniqueTask(), path: 'out/*/file' }
  const first = createMachine(server)
  writeFiles(first, { 'out/a/file': 'made' })
  await runAction(first, { entry: 'save', inputs })
  const second = createMachine(server)
  writeFiles(second, { 'src/file': 'mine', 'out/b': '' })
  symlinkSync('../src', path.join(second.workspace, 'out/a'))

  const restored = await runAction(second, { entry: 'restore', inputs })

  expect(restored.exitCode).toBe(0)
  expect(restored.outputs).toMatchObject({ 'cache-status': 'error' })
  expect(restored.log).toContain('::warning')
  expect(contentOf(second, 'src/file')).toBe('mine')
})

test('what is nowhere is not saved, in the words of actions/cache', async () => {
  const inputs = { key: uniqueTask(), path: 'absent\nnone/*' }

  const saved = await runAction(createMachine(server), { entry: 'save', inputs })

  expect(saved.exitCode).toBe(0)
  expect(saved.log).toContain(
    '[warning]Path Validation Error: Path(s) specified in the action for caching do(es) not exist, hence no cache is being saved.\n',
  )
  expect(saved.log.match(/^::warning.*/gm)).toEqual([expect.stringContaining('absent')])
})

test('a miss fails the step where that is asked for, and a restore key is no miss', async () => {
  const key = uniqueTask()
  const machine = createMachine(server)
  writeFiles(machine, { 'out/a': 'made' })
  await runAction(machine, { entry: 'save', inputs: { key, path: 'out' } })
  const asked = { path: 'out', 'fail-on-cache-miss': 'true' }

  const missed = await runAction(machine, { inputs: { ...asked, key: 'nowhere' } })
  const partial = await runAction(machine, {
    inputs: { ...asked, key: `${key}-2`, 'restore-keys': key },
  })

  expect([missed.exitCode, partial.exitCode]).toEqual([1, 0])
  expect(missed.log).toContain(
    'Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: nowhere',
  )
})

test('an event without a branch or tag is told, and nobody asks', async () => {
  const inputs = { key: uniqueTask(), path: 'out', 'fail-on-cache-miss': 'true' }
  const machine = createMachine(server)
  writeFiles(machine, { 'out/a': 'made' })
  await runAction(machine, { entry: 'save', inputs })
  machine.env['GITHUB_REF'] = ''
  machine.env['GITHUB_EVENT_NAME'] = 'branch_protection_rule'

  const missed = await runAction(machine, { inputs })
  const saved = await post(machine, inputs, missed)
  const ran = await runAction(machine, { inputs: { task: 'a', run: 'echo ran', inputs: 'out/**' } })

  const said =
    "[warning]Event Validation Error: The event type branch_protection_rule is not supported because it's not tied to a branch or tag ref."
  expect([missed.exitCode, saved.exitCode, ran.exitCode]).toEqual([0, 0, 0])
  expect(missed.outputs).toMatchObject({ 'cache-status': 'disabled', 'should-skip': 'false' })
  expect(missed.outputs).not.toHaveProperty('cache-hit')
  expect(ran.outputs['cache-status']).toBe('disabled')
  expect(ran.log).toContain('\nran\n')
  for (const { log } of [missed, ran]) expect(log).toContain(said)
  expect(missed.log + saved.log + ran.log).not.toContain('::')
})

test('without a cache service only the machine remembers, and a miss is told from no cache', async () => {
  const inputs = { key: uniqueTask(), path: 'out' }
  const machine = createMachine(server)
  delete machine.env['ACTIONS_RESULTS_URL']
  writeFiles(machine, { 'out/a': 'made' })

  const missed = await runAction(machine, { inputs })
  await post(machine, inputs, missed)
  const hit = await runAction(machine, { inputs })

  expect(missed.outputs).toMatchObject({ 'cache-hit': 'false', 'cache-status': 'miss' })
  expect(hit.outputs).toMatchObject({ 'cache-hit': 'true', 'cache-status': 'exact' })
})

test('a key that may be updated is saved again when its files have changed', async () => {
  const inputs = { key: uniqueTask(), path: 'out', update: 'true' }
  const first = createMachine(server)
  writeFiles(first, { 'out/a': 'old' })
  await runAction(first, { entry: 'save', inputs })

  const second = createMachine(server)
  const hit = await runAction(second, { inputs })
  const unchanged = await post(second, inputs, hit)
  const again = await runAction(second, { inputs })
  writeFiles(second, { 'out/a': 'new' })
  const changed = await post(second, inputs, again)
  const third = createMachine(server)
  const updated = await runAction(third, { inputs })

  expect(hit.outputs['cache-hit']).toBe('true')
  expect(unchanged.log).toContain('not saving cache.')
  expect(unchanged.outputs['uploaded-bytes']).toBe('0')
  expect(changed.log).toContain(`Cache saved with key: ${inputs.key}\n`)
  expect(updated.outputs['cache-hit']).toBe('true')
  expect(contentOf(third, 'out/a')).toBe('new')
})

test('what keeps a step from saving is a warning', async () => {
  const machine = createMachine(server)
  const inputs = { key: 'a,b', path: 'out' }

  const warned = await runAction(machine, { entry: 'save', inputs })
  const asked = { ...inputs, 'fail-on-save-error': 'true' }
  const failed = await runAction(machine, { entry: 'save', inputs: asked })

  expect([warned.exitCode, failed.exitCode]).toEqual([0, 1])
  expect(warned.log).toMatch(/^::warning .*a,b cannot contain commas/m)
  expect(failed.log).toMatch(/^::error .*a,b cannot contain commas/m)
})

test('what is saved lives as long as the step says', async () => {
  const inputs = { key: uniqueTask(), path: 'out', ttl: '12h' }
  const machine = createMachine(server)
  writeFiles(machine, { 'out/a': 'made' })

  await runAction(machine, { entry: 'save', inputs })
  const refused = await runAction(machine, { inputs: { ...inputs, ttl: 'soon' } })
  const endless = await runAction(machine, { inputs: { ...inputs, ttl: '36526d' } })

  const file = path.join(machine.env['RUNNER_TOOL_CACHE'] ?? '', 'taskvault/cache.db')
  using database = new DatabaseSync(file, { readOnly: true })
  const row = database.prepare('SELECT expires_at - created_at AS ttl FROM cache_entries').get()
  expect(row).toEqual({ ttl: 12 * 3_600_000 })
  expect([refused.exitCode, endless.exitCode]).toEqual([1, 1])
  expect(refused.log).toContain('ttl is "soon"')
  expect(endless.log).toContain('ttl is "36526d". Write a number of seconds')
})

test('the limits of actions/cache are told in its words', async () => {
  const machine = createMachine(server)
  const long = 'x'.repeat(513)
  const refused: readonly (readonly [inputs: Inputs, said: string])[] = [
    [{ key: 'a,b', path: 'out' }, 'Key Validation Error: a,b cannot contain commas.'],
    [{ key: long, path: 'out' }, `${long} cannot be larger than 512 characters.`],
    [{ key: 'a', path: 'out', 'restore-keys': 'a,b' }, 'a,b cannot contain commas.'],
    [
      { key: 'a', path: 'out', 'restore-keys': 'b c d e f g h i j k'.replaceAll(' ', '\n') },
      'Key Validation Error: Keys are limited to a maximum of 10.',
    ],
    [{ key: 'a' }, 'Input required and not supplied: path'],
    [{ inputs: 'src', task: 'a', path: 'out', 'restore-keys': 'a' }, 'prefixes of keys'],
  ]

  const ends = await Promise.all(refused.map(([inputs]) => runAction(machine, { inputs })))

  for (const [at, { exitCode, log }] of ends.entries()) {
    expect(exitCode, log).toBe(1)
    expect(log).toContain(refused[at]?.[1])
  }
  const just = await runAction(machine, { inputs: { key: 'x'.repeat(512), path: 'out' } })
  expect(just.exitCode, just.log).toBe(0)
})

test('a key can be made of the digest of what the work reads', async () => {
  const task = uniqueTask()
  const inputs = { task, key: `${task}-{hash}`, inputs: 'lock', path: 'out' }
  const more = { ...inputs, 'restore-keys': `${task}-` }
  const machine = createMachine(server)
  const play = async (lock: string): Promise<Done> => {
    writeFiles(machine, { lock, 'out/a': lock })
    return await runAction(machine, { inputs: more })
  }
  const first = await play('1')
  await post(machine, more, first)
  const second = await play('2')
  const again = await play('1')

  const key = first.outputs['cache-primary-key'] ?? ''
  expect(key).toMatch(new RegExp(`^${task}-[0-9a-f]{64}$`))
  expect(second.outputs['cache-primary-key']).not.toBe(key)
  expect(second.outputs).toMatchObject({ 'cache-hit': 'false', 'cache-matched-key': key })
  expect(again.outputs).toMatchObject({ 'cache-hit': 'true', 'cache-primary-key': key })
})

test('what a failed job has made is saved by the steps that ask for it, and by no other', async () => {
  const [begun, saved] = await playFailing({ 'save-always': 'true' })
  const [plain, left] = await playFailing({})

  expect(startsAfterJob({ env: begun.variables, hasFailed: true })).toBe(true)
  expect(startsAfterJob({ env: plain.variables, hasFailed: true })).toBe(false)
  expect(startsAfterJob({ env: plain.variables, hasFailed: false })).toBe(true)
  expect(saved.log).toContain('Cache saved with key: ')
  expect(left.log).not.toContain('Cache saved with key: ')
  expect([saved.exitCode, left.exitCode]).toEqual([0, 0])
})

test('a step that does not ask for it saves nothing of a cancelled job, though another step asks', async () => {
  const [, left] = await playFailing({}, 'cancelled')

  expect(left.log).toContain('not saved: the job was cancelled')
  expect(left.log).not.toContain('Cache saved with key: ')
})

/** Both halves of a step whose job fails in between. */
async function playFailing(more: Inputs, status = 'failure'): Promise<readonly [Done, Done]> {
  const machine = createMachine(server)
  const inputs = { key: uniqueTask(), path: 'out', ...more }
  const begun = await runAction(machine, { inputs: { ...inputs, 'job-status': 'success' } })
  writeFiles(machine, { 'out/a': 'made' })
  return [begun, await post(machine, { ...inputs, 'job-status': status }, begun)]
}

import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { writePublishedTree } from '../../scripts/build-github-action.ts'
import { useVaultServer } from '../rig/use-vault-server.ts'
import {
  WORK,
  contentOf,
  createMachine,
  post,
  runAction,
  uniqueTask,
  writeFiles,
} from './github/run-action.ts'
import type { Done } from './github/run-action.ts'
import { decoded, obeyed } from './github/runner-log.ts'

/* The built action as the runner starts it, against the cache service of a real server. */

const server = await useVaultServer()

describe('a cache by what the work reads', () => {
  test('what one machine saved, another one is given', async () => {
    const task = uniqueTask()
    const first = createMachine(server)
    writeFiles(first, { 'package-lock.json': '1', 'src/a.ts': 'a' })
    const missed = await runAction(first, { inputs: { ...WORK, task } })
    writeFiles(first, { 'node_modules/a/index.js': 'made', 'node_modules/.bin/a': '#!' })
    const saved = await post(first, { ...WORK, task }, missed)

    const second = createMachine(server)
    writeFiles(second, { 'package-lock.json': '1', 'src/a.ts': 'a', 'src/README.md': 'new' })
    const hit = await runAction(second, { inputs: { ...WORK, task } })
    const nothing = await post(second, { ...WORK, task }, hit)

    expect(missed.exitCode, missed.log).toBe(0)
    expect(missed.outputs).toMatchObject({ 'cache-status': 'miss', 'should-skip': 'false' })
    expect(missed.outputs).not.toHaveProperty('cache-hit')
    expect(saved.exitCode, saved.log).toBe(0)
    expect(Number(saved.outputs['uploaded-bytes'])).toBeGreaterThan(0)
    expect(hit.outputs).toMatchObject({
      'cache-hit': 'true',
      'cache-status': 'exact',
      'should-skip': 'true',
      'restored-bytes': '6',
      'cache-matched-key': missed.outputs['cache-primary-key'],
    })
    expect(contentOf(second, 'node_modules/a/index.js')).toBe('made')
    expect(nothing.log).toContain('nothing to save: it was restored')
    expect(`${missed.log}${saved.log}${hit.log}${nothing.log}`).not.toContain('::warning')
  })

  test('what has changed is named as the reason of a miss', async () => {
    const files = { '../tool': 'echo 1', 'package-lock.json': '1', 'src/a.ts': 'a' }
    const machine = createMachine(server)
    const inputs = { ...WORK, task: uniqueTask(), env: 'MODE', tools: 'sh ../tool' }
    const restore = async (change: () => void = () => {}): Promise<Done> => {
      rmSync(path.join(machine.workspace, 'src'), { recursive: true, force: true })
      writeFiles(machine, files)
      machine.env['MODE'] = 'a'
      change()
      return await runAction(machine, { inputs, entry: 'restore' })
    }
    const missed = await restore()
    writeFiles(machine, { 'node_modules/a': 'made' })
    await runAction(machine, { inputs, entry: 'save' })

    const known = await restore()
    const changed = await restore(() => writeFiles(machine, { 'src/a.ts': 'b' }))
    const renamed = await restore(() => {
      rmSync(path.join(machine.workspace, 'src/a.ts'))
      writeFiles(machine, { 'src/b.ts': 'a' })
    })
    const executable = await restore(() =>
      chmodSync(path.join(machine.workspace, 'src/a.ts'), 0o755),
    )
    const variable = await restore(() => void (machine.env['MODE'] = 'b'))
    const tool = await restore(() => writeFiles(machine, { '../tool': 'echo 2' }))
    const page = await restore(() => writeFiles(machine, { 'src/README.md': 'new' }))

    const reasons = [missed, changed, renamed, executable, variable, tool].map(reasonOf)
    expect(reasons).toEqual([
      'nothing was saved for this task yet',
      'changed: src/a.ts',
      'renamed: src/a.ts to src/b.ts',
      'now executable: src/a.ts',
      'environment variable MODE has a different value',
      'tool version changed: sh ../tool',
    ])
    expect([known, page].map(({ outputs }) => outputs['cache-status'])).toEqual(['exact', 'exact'])
    const named = [known, changed, renamed, tool].map(({ outputs }) => outputs['changed-files'])
    expect(named).toEqual(['[]', '["src/a.ts"]', '["src/a.ts","src/b.ts"]', '[]'])
  })

  test('names of files command nothing, and are told as they are', async () => {
    const inputs = { ...WORK, task: uniqueTask(), path: 'out' }
    const name = 'src/100%##[warning]<b>.ts'
    const machine = createMachine(server)
    writeFiles(machine, { 'package-lock.json': '1', [name]: 'a', 'out/a': 'made' })
    await runAction(machine, { inputs, entry: 'save' })
    writeFiles(machine, { [name]: 'b' })

    const missed = await runAction(machine, { inputs, entry: 'restore' })

    expect(missed.log).toContain('changed: src/100%## [warning]<b>.ts')
    expect(missed.log).not.toContain('##[')
    expect(missed.summary).not.toContain('<b>')
    expect(decoded(missed.summary)).toContain(`changed: ${name}`)
  })

  test('after a change, only what is new is sent', async () => {
    const task = uniqueTask()
    const machine = createMachine(server)
    const noise = randomBytes(1_500_000)
    writeFiles(machine, { 'package-lock.json': '1', 'src/a.ts': 'a' })
    const first = await runAction(machine, { inputs: { ...WORK, task } })
    writeFiles(machine, { 'node_modules/big': noise.toString('base64') })
    const all = await post(machine, { ...WORK, task }, first)

    writeFiles(machine, { 'package-lock.json': '2', 'node_modules/small': 'new' })
    const second = await runAction(machine, { inputs: { ...WORK, task } })
    const rest = await post(machine, { ...WORK, task }, second)

    const [before, after] = [all, rest].map(({ outputs }) => Number(outputs['uploaded-bytes']))
    expect(after).toBeGreaterThan(0)
    expect(after).toBeLessThan((before ?? 0) / 10)
  })

  test('the newest entry is better than nothing, where that is asked for', async () => {
    const inputs = { ...WORK, task: uniqueTask(), fallback: 'true' }
    const first = createMachine(server)
    writeFiles(first, { 'package-lock.json': '1', 'src/a.ts': 'a' })
    const missed = await runAction(first, { inputs })
    writeFiles(first, { 'node_modules/a': 'made' })
    await post(first, inputs, missed)

    const second = createMachine(server)
    writeFiles(second, { 'package-lock.json': '2', 'src/a.ts': 'a' })
    const partial = await runAction(second, { inputs })

    expect(partial.outputs).toMatchObject({ 'cache-hit': 'false', 'cache-status': 'partial' })
    expect(partial.outputs['should-skip']).toBe('false')
    expect(contentOf(second, 'node_modules/a')).toBe('made')
  })

  test('a key alone does, in two steps of their own', async () => {
    const inputs = { key: `linux-${uniqueTask()}`, path: 'out\n~/.tool' }
    const first = createMachine(server)
    writeFiles(first, { 'out/a': 'a', '../home/.tool/b': 'b' })
    const saved = await runAction(first, { entry: 'save', inputs })
    const second = createMachine(server)

    const hit = await runAction(second, { entry: 'restore', inputs })
    const other = await runAction(second, { entry: 'restore', inputs: { ...inputs, key: 'other' } })

    expect(saved.exitCode, saved.log).toBe(0)
    expect(hit.outputs['cache-hit']).toBe('true')
    expect(contentOf(second, 'out/a') + contentOf(second, '../home/.tool/b')).toBe('ab')
    expect(other.outputs['cache-status']).toBe('miss')
  })
})

describe('where entries live', () => {
  const INPUTS = { run: 'echo made > out', inputs: 'src/**', path: 'out' }

  test('in the vault that the step names, with its key, and nowhere else', async () => {
    const inputs = { ...INPUTS, task: uniqueTask() }
    const shared = { ...inputs, remote: server.url, token: server.key }
    const machines = [createMachine(server), createMachine(server), createMachine(server)] as const
    for (const machine of machines) writeFiles(machine, { 'src/a': 'a' })

    const ran = await runAction(machines[0], { inputs: shared })
    const hit = await runAction(machines[1], { inputs: shared })
    const elsewhere = await runAction(machines[2], { inputs })

    const seen = [ran, hit, elsewhere].map(({ outputs }) => outputs['cache-status'])
    expect(seen).toEqual(['miss', 'exact', 'miss'])
    expect(obeyed(ran.log)).toEqual([`::add-mask::${server.key}`])
  })

  test('on the machine alone, where the step wants that', async () => {
    const machine = createMachine({ url: 'http://127.0.0.1:9', key: 'k' })
    const inputs = { ...INPUTS, task: uniqueTask(), remote: 'off' }
    writeFiles(machine, { 'src/a': 'a' })

    const ran = await runAction(machine, { inputs })
    const hit = await runAction(machine, { inputs })

    expect([ran, hit].map(({ outputs }) => outputs['cache-status'])).toEqual(['miss', 'exact'])
    expect(ran.log + hit.log).not.toContain('::warning')
    // The control: without the word, the service is asked.
    const asked = await runAction(machine, { inputs: { ...inputs, remote: '', salt: '2' } })
    expect(asked.log).toContain('::warning')
  })
})

test.each([
  ['true', true],
  ['release', true],
  ['false', false],
  ['False', false],
  ['no', false],
  ['off', false],
  ['0', false],
])('with save-if: %s, whether a step saves is %s', async (word, saves) => {
  const machine = createMachine(server)
  writeFiles(machine, { 'kept/a': 'a' })
  const inputs = { key: uniqueTask(), path: 'kept', 'save-if': word }

  const missed = await runAction(machine, { inputs })
  const { log } = await post(machine, inputs, missed)

  if (saves) expect(log).toContain('saved 1 file')
  else expect(log).toContain('read-only or save-if asks for that')
})

test('what is published needs nothing around it', async () => {
  const [first, second] = [createMachine(server), createMachine(server)]
  const tree = path.join(first.workspace, '../published')
  writePublishedTree(tree)
  const { runs } = parse(readFileSync(path.join(tree, 'action.yml'), 'utf8')) as {
    readonly runs: Readonly<Record<string, string>>
  }
  const inputs = { task: uniqueTask(), run: 'echo hello', salt: '1' }
  const dist = path.join(tree, 'dist')

  const ran = await runAction(first, { inputs, dist })
  second.env['TASKVAULT_BLAKE3'] = 'wasm'
  const hit = await runAction(second, { inputs, dist })

  expect([ran, hit].map(({ outputs }) => outputs['cache-status'])).toEqual(['miss', 'exact'])
  expect(ran.log + hit.log).not.toContain('::warning')
  for (const file of [runs['main'], runs['post']])
    expect(existsSync(path.join(tree, String(file)))).toBe(true)
  for (const place of ['restore', 'save'])
    expect(existsSync(path.join(dist, `${place}.mjs`))).toBe(true)
})

/** The reason of a miss, as the page of the run and the log say it. */
function reasonOf({ summary, log, outputs }: Done): string {
  expect(outputs['cache-status']).toBe('miss')
  const reason = /^- (.*)$/m.exec(decoded(summary))?.[1] ?? ''
  expect(log).toContain(reason)
  return reason
}

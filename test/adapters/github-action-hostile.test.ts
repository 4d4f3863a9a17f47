import {
  cpSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  truncateSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { digestOf, forgeEntry, readRecord } from './github/forge-entry.ts'
import { contentOf, createMachine, runAction, writeFiles } from './github/run-action.ts'
import type { Done, Machine } from './github/run-action.ts'
import { obeyed } from './github/runner-log.ts'

/*
 * The built action and a vault that somebody hostile can write to: the entry of the very step is there,
 * and nothing in it can be believed but its digests.
 */

vi.setConfig({ testTimeout: 120_000 })

const RUN =
  'echo ran >> ../runs; mkdir -p out; echo made > out/made; head -c 200000 /dev/urandom > out/big'
const INPUTS = { task: 'hostile', inputs: 'src/**', path: 'out', run: RUN }
const X = Buffer.from('x'.repeat(10))
const FILE = `f\t644\t10\t0\t${digestOf(X)}\t`

/** With the entry as an honest machine has saved it. */
const honest = mkdtempSync(path.join(tmpdir(), 'taskvault-share-'))
let saved: Promise<Done> | undefined
afterAll(() => rmSync(honest, { recursive: true, force: true }))

test('what was not changed is a hit (the control)', async () => {
  const { done, ran } = await play(() => {})

  expect(done.outputs['cache-status'], done.log).toBe('exact')
  expect(ran).toBe(false)
  expect(done.log).not.toContain('::warning')
})

test('a forged entry that is none of the others is a hit, too', async () => {
  const { done, machine } = await play((share) => forgeTree(share, `${FILE}evil\n`))

  expect(done.outputs['cache-status'], done.log).toBe('exact')
  expect(contentOf(machine, 'out/evil')).toBe(X.toString())
})

const NOWHERE = { digest: '0'.repeat(64), sizeBytes: 1 }
test.each<readonly [string, (share: string) => void]>([
  ['a path', (share) => forgeTree(share, `${FILE}../../precious\n`)],
  ['the directory above', (share) => forgeTree(share, `${FILE}..\n`)],
  ['an absolute path', (share) => forgeTree(share, `${FILE}/tmp/evil\n`)],
  ['a device', (share) => forgeTree(share, `c\t644\t10\t0\t${digestOf(X)}\ta\n`)],
  ['a link, and a file behind it', (share) => forgeTree(share, `l\t-\t-\t0\t../..\ta\n${FILE}a\n`)],
  ['a setuid bit', (share) => forgeTree(share, `${FILE}a\n`.replace('644', '4755'))],
  [
    'the manifest of another key',
    (share) => forgeTree(share, `${FILE}a\n`, { key: 'b2'.repeat(32) }),
  ],
  ['notes that are nowhere', (share) => forgeTree(share, `${FILE}a\n`, { notes: NOWHERE })],
  ['notes that are none', (share) => forgeTree(share, `${FILE}a\n`, { notes: reference(X) })],
  ['a pack that was cut off', (share) => truncateSync(blobOf(share, 'packs'), 1000)],
  ['a manifest that was cut off', (share) => truncateSync(blobOf(share, 'manifest'), 100)],
])('with %s, it is a miss and a warning, and nothing else', async (_, forge) => {
  const { done, ran, changed } = await play(forge)

  expect(done.exitCode, done.log).toBe(0)
  expect(done.outputs).toMatchObject({ 'should-skip': 'false', 'restored-bytes': '0' })
  expect(done.outputs).not.toHaveProperty('cache-hit')
  expect(done.log).toMatch(/^::warning /m)
  expect(ran).toBe(true)
  // What the script makes, in the place of what was there.
  expect(changed).toEqual(['runs', 'work/out/big', 'work/out/made'])
})

// Somebody may just as well have declared other outputs: it is the reason of a miss, and no warning.
test.each<readonly [string, readonly string[]]>([
  ['one more', ['out', 'precious']],
  ['another one, which is elsewhere', ['../precious']],
  ['an absolute one', ['/tmp']],
])('with the outputs of a step that has %s, it is a miss', async (_, names) => {
  const { done, ran, changed } = await play((share) => forgeOutputs(share, names))

  expect(done.exitCode, done.log).toBe(0)
  expect(done.outputs).toMatchObject({ 'should-skip': 'false', 'restored-bytes': '0' })
  expect(ran).toBe(true)
  expect(changed).toEqual(['runs', 'work/out/big', 'work/out/made'])
})

test.each<readonly [string, string]>([
  ['both letter cases', `${FILE}A\n${FILE}a\n`],
  ['both forms of an accent', `${FILE}e\u0301\n${FILE}\u00e9\n`],
  ['a link out of the output', `l\t-\t-\t0\t../../precious\ta\n`],
  ['a backslash and a colon', `${FILE}..\\\\x:y\n`],
])('with %s, it stays within the outputs', async (_, node) => {
  const { done, changed } = await play((share) => forgeTree(share, node))

  expect(done.exitCode, done.log).toBe(0)
  expect(changed.filter((each) => !/^(?:runs$|work\/out\/)/.test(each))).toEqual([])
})

test('notes reach the four files of the runner, and nothing else does', async () => {
  const names = ['GITHUB_OUTPUT', 'GITHUB_STATE', 'PATH', '../../evil', 'GITHUB_WORKSPACE']
  const written = names.map(
    (name) => [name, Buffer.from(`a=${name}\n`).toString('base64')] as const,
  )
  const notes = Buffer.from(
    `${JSON.stringify(Object.fromEntries(written.toSorted(([a], [b]) => (a < b ? -1 : 1))))}\n`,
  )
  const { done, changed } = await play((share) =>
    forgeTree(share, `${FILE}evil\n`, { notes: reference(notes) }, [notes]),
  )

  expect(done.outputs, done.log).toMatchObject({ 'cache-status': 'exact', a: 'GITHUB_OUTPUT' })
  expect(done.state).toEqual({})
  expect(changed).toEqual(['work/out/evil', 'work/out/mine'])
  expect(obeyed(done.log)).toEqual([])
})

interface Play {
  readonly machine: Machine
  readonly done: Done
  readonly ran: boolean
  /** What is another thing than before, but for what the runner has for itself. */
  readonly changed: readonly string[]
}

/** The step on a machine whose vault is not what it was. */
async function play(forge: (share: string) => void): Promise<Play> {
  const share = mkdtempSync(path.join(tmpdir(), 'taskvault-share-'))
  onTestFinished(() => rmSync(share, { recursive: true, force: true }))
  const { log } = await (saved ??= run(createCheckout(), honest))
  expect(log).toMatch(/^TaskVault: saved /m)
  cpSync(honest, share, { recursive: true })
  forge(share)
  const machine = createCheckout()
  writeFiles(machine, { 'out/mine': 'mine', precious: 'precious', '../precious': 'precious' })
  const root = path.dirname(machine.workspace)
  const before = picture(root)
  const done = await run(machine, share)
  const after = picture(root)
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted()
  const changed = paths.filter((each) => before[each] !== after[each])
  return { machine, done, ran: changed.includes('runs'), changed }
}

function createCheckout(): Machine {
  const machine = createMachine({ url: 'http://127.0.0.1:9', key: '' })
  writeFiles(machine, { 'src/a': 'a' })
  return machine
}

async function run(machine: Machine, share: string): Promise<Done> {
  return await runAction(machine, { inputs: { ...INPUTS, remote: pathToFileURL(share).href } })
}

function reference(content: Buffer): unknown {
  return { digest: digestOf(content), sizeBytes: content.length }
}

/** An entry whose output is a directory with this node. */
function forgeTree(
  share: string,
  node: string,
  fields: Readonly<Record<string, unknown>> = {},
  contents: readonly Buffer[] = [],
): void {
  const line = `d\t755\t-\t0\t${digestOf(node)}\tout`
  forgeEntry(share, {
    contents: [X, Buffer.from(node), ...contents],
    fields: { outputs: [['out', line]], ...fields },
  })
}

function forgeOutputs(share: string, names: readonly string[]): void {
  const outputs = names.map((name) => [name, `${FILE}${path.basename(name)}`])
  forgeEntry(share, { contents: [X], fields: { outputs } })
}

/** The file of a blob that the honest entry needs. */
function blobOf(share: string, kind: 'manifest' | 'packs'): string {
  const { record } = readRecord(share)
  const needed = [record[kind]].flat() as readonly { readonly name: string }[]
  const digest = needed[0]?.name.split('-')[1] ?? ''
  return path.join(share, 'v1/blobs/blake3', digest.slice(0, 2), digest)
}

/** Every path, with what it holds. */
function picture(root: string, below = ''): Record<string, string> {
  const items: Record<string, string> = {}
  for (const name of readdirSync(path.join(root, below))) {
    const each = path.join(below, name)
    if (['temp', 'tools'].includes(each)) continue
    const file = path.join(root, each)
    const stats = lstatSync(file)
    if (stats.isSymbolicLink()) items[each] = `-> ${readlinkSync(file)}`
    else if (stats.isDirectory()) Object.assign(items, picture(root, each))
    else items[each] = `${stats.mode} ${readFileSync(file, 'latin1')}`
  }
  return items
}

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { removeTree } from './remove-tree.ts'

const REMOVE = `
import { existsSync } from 'node:fs'
import { removeTree } from ${JSON.stringify(new URL('remove-tree.ts', import.meta.url).href)}
removeTree(process.argv[1])
if (existsSync(process.argv[1])) throw new Error('it is still there')
`

test('of several that remove the same tree at once, none is done before it is gone', async () => {
  const root = mkdtempSync(join(tmpdir(), 'taskvault-remove-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (let round = 0; round < 2; round += 1) {
    const tree = join(root, 'tree')
    fill(tree)
    const remove = async (): Promise<unknown> =>
      await promisify(execFile)(process.execPath, ['--input-type=module', '-e', REMOVE, tree])

    await expect(Promise.all([remove(), remove(), remove()])).resolves.toBeDefined()
    expect(existsSync(tree)).toBe(false)
  }
})

/** Exchanges a directory for a link, and back, until it is told to stop. */
const EXCHANGE = `
import { renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'
const [tree, victim] = process.argv.slice(1)
const attempt = (step) => { try { step() } catch {} }
function exchange() {
  const aside = tree + '.aside'
  attempt(() => {
    renameSync(tree, aside)
    attempt(() => symlinkSync(victim, tree))
    for (const end = performance.now() + Math.random() * 0.3; performance.now() < end;);
  })
  attempt(() => unlinkSync(tree))
  attempt(() => renameSync(aside, tree))
  attempt(() => rmSync(aside, { recursive: true, force: true }))
}
setInterval(() => { for (let turn = 0; turn < 20; turn += 1) exchange() }, 0)
process.send('ready')
`

test.runIf(existsSync('/proc/self/fd'))(
  'a link that takes the place of the tree meanwhile leads nowhere',
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'taskvault-remove-'))
    onTestFinished(() => rmSync(root, { recursive: true, force: true }))
    const [tree, victim] = [join(root, 'tree'), join(root, 'victim')]
    for (let index = 0; index < 12; index += 1) {
      mkdirSync(join(victim, String(index)), { recursive: true })
      writeFileSync(join(victim, String(index), 'file'), 'precious')
    }
    const exchanger = spawn(
      process.execPath,
      ['--input-type=module', '-e', EXCHANGE, tree, victim],
      { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
    )
    onTestFinished(() => void exchanger.kill('SIGKILL'))
    await once(exchanger, 'message')
    const names = readdirSync(victim, { recursive: true }).length

    for (const end = performance.now() + 3_000; performance.now() < end;) {
      cpSync(victim, join(root, 'fresh'), { recursive: true })
      moveTo(join(root, 'fresh'), tree)
      attempt(() => removeTree(tree))
      expect(readdirSync(victim, { recursive: true })).toHaveLength(names)
    }
  },
)

/** As soon as there is nothing in its place. */
function moveTo(from: string, to: string): void {
  while (existsSync(from)) {
    attempt(() => removeTree(to))
    attempt(() => renameSync(from, to))
  }
}

/** The exchanger is faster, now and then. */
function attempt(step: () => void): void {
  try {
    step()
  } catch (error) {
    if (!(error instanceof Error)) throw error
  }
}

function fill(tree: string): void {
  for (let index = 0; index < 2_000; index += 1) {
    mkdirSync(join(tree, String(index % 40), String(index)), { recursive: true })
    writeFileSync(join(tree, String(index % 40), String(index), 'file'), '')
  }
}

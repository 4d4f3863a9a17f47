import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { isTaskVaultError } from '@taskvault/core'
import type { OutputTarget, Vault } from '@taskvault/core'
import { randomFrom } from '../kills/worker-options.ts'
import { TASK, openTestVault, saveUnder, workOf } from '../test-vault.ts'
import type { Swap, SwapperMessage } from './swapper.ts'

export interface RaceOptions {
  /** An empty directory. */
  readonly root: string
  readonly rounds: number
  readonly seed: number
  /** Ends after so long, however many rounds that were. */
  readonly forMs?: number
}

export interface RaceResult {
  readonly rounds: number
  readonly swaps: number
  readonly restored: number
  readonly refused: number
  readonly missed: number
  /** What changed in the victim's directory, one line each; empty when nothing ever did. */
  readonly touched: readonly string[]
}

const FILES = ['a', 'b', 'sub/c', 'sub/d', 'sub/deep/e', 'sub/deep/f']

/** Restores an output again and again while another process exchanges directories for links. */
async function race({
  root,
  rounds,
  seed,
  forMs = Number.POSITIVE_INFINITY,
}: RaceOptions): Promise<RaceResult> {
  const project = join(root, 'project')
  const victim = join(root, 'victim')
  const output: OutputTarget = { declaredAs: 'build/out', absolutePath: join(project, 'build/out') }
  for (const file of FILES) {
    write(join(output.absolutePath, file), `wanted ${file}`)
    // Shaped as the directory of the output: whoever is led here finds every name.
    write(join(victim, 'out', file), `precious ${file}`)
  }
  await using vault = await openTestVault({ project })
  await saveUnder(vault, 'race', [output])
  const before = picture(victim)
  const random = randomFrom(seed)
  const result = {
    rounds: 0,
    swaps: 0,
    restored: 0,
    refused: 0,
    missed: 0,
    touched: [] as string[],
  }
  const swapper = fork(join(import.meta.dirname, 'swapper.ts'), { execArgv: [] })
  const startedMs = performance.now()
  for (; result.rounds < rounds && performance.now() - startedMs < forMs; result.rounds += 1) {
    disturb(output.absolutePath, random)
    await tell(swapper, chooseSwap({ project, victim }, random))
    result[await restore(vault, output)] += 1
    ;({ swaps: result.swaps } = await tell(swapper, 'rest'))
    const touched = compare(before, picture(victim))
    if (touched.length > 0) {
      result.touched.push(...touched.map((line) => `round ${result.rounds}: ${line}`))
      break
    }
  }
  swapper.disconnect()
  return result
}

function chooseSwap(
  { project, victim }: { project: string; victim: string },
  random: () => number,
): Swap {
  const swaps: readonly Swap[] = [
    { path: join(project, 'build'), victim },
    { path: join(project, 'build/out'), victim: join(victim, 'out') },
    { path: join(project, 'build/out/sub'), victim: join(victim, 'out/sub') },
    { path: join(project, 'build/out/sub/deep'), victim: join(victim, 'out/sub/deep') },
    { path: join(project, 'build/.taskvault-stage-*'), victim },
  ]
  return swaps[Math.floor(random() * swaps.length)] as Swap
}

async function tell(
  swapper: ChildProcess,
  message: SwapperMessage,
): Promise<{ readonly swaps: number }> {
  swapper.send(message)
  const [answer] = (await once(swapper, 'message')) as [{ readonly swaps: number }]
  return answer
}

/** Gives a restore each sort of thing to do: to write, to replace, to remove, to set modes and times. */
function disturb(output: string, random: () => number): void {
  const sort = Math.floor(random() * 6)
  if (sort === 0) return rmSync(output, { recursive: true, force: true })
  if (sort === 1) return rmSync(join(output, 'sub'), { recursive: true, force: true })
  for (const file of FILES) if (random() < 0.5) write(join(output, file), `edited ${random()}`)
  if (sort === 2) for (const name of ['', 'sub', 'sub/deep']) setMode(join(output, name), 0o700)
  if (sort === 3) write(join(output, 'sub/more/x'), 'not saved')
  if (sort === 4) for (const file of ['sub/x', 'sub/deep/y']) write(join(output, file), 'not saved')
}

/** Of a directory, should it be there: the round before may have ended without it. */
function setMode(directory: string, mode: number): void {
  if (existsSync(directory)) chmodSync(directory, mode)
}

async function restore(
  vault: Vault,
  output: OutputTarget,
): Promise<'restored' | 'refused' | 'missed'> {
  const work = await workOf(vault, 'race')
  await using staged = await vault.stage({ task: TASK, work, targets: [output] }).then(disposable)
  if (staged.kind === 'miss') return 'missed'
  try {
    await staged.apply()
    return 'restored'
  } catch (error) {
    if (!isTaskVaultError(error, 'OUTPUT_BLOCKED')) throw error
    return 'refused'
  }
}

function disposable<Staged extends object>(staged: Staged): Staged & AsyncDisposable {
  return Symbol.asyncDispose in staged
    ? (staged as Staged & AsyncDisposable)
    : { ...staged, [Symbol.asyncDispose]: async () => {} }
}

function write(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
}

/** All that can be seen of what lies below a directory, the times of its last changes included. */
function picture(
  directory: string,
  below = '.',
  items: Map<string, string> = new Map(),
): Map<string, string> {
  const path = join(directory, below)
  const stats = lstatSync(path, { bigint: true })
  const content = stats.isFile()
    ? readFileSync(path, 'latin1')
    : stats.isSymbolicLink()
      ? readlinkSync(path)
      : ''
  items.set(
    below,
    `${stats.ino} ${stats.mode} ${stats.nlink} ${stats.mtimeNs} ${stats.ctimeNs} ${content}`,
  )
  if (stats.isDirectory())
    for (const name of readdirSync(path)) picture(directory, join(below, name), items)
  return items
}

function compare(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])]
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map(
      (name) => `${name}: ${before.get(name) ?? 'nothing'} became ${after.get(name) ?? 'nothing'}`,
    )
}

process.stdout.write(JSON.stringify(await race(JSON.parse(process.argv[2] ?? '{}') as RaceOptions)))

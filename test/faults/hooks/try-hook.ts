import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { differences, observe } from './observe.ts'
import type { TestRepository } from './test-repository.ts'

export interface Trial {
  readonly repository: TestRepository
  /** What is run as the hook. */
  readonly command: readonly string[]
  /** When all of the hook's processes are killed; undefined: they are not. */
  readonly killAfterMs: number | undefined
}

export interface TrialReport {
  readonly wasKilled: boolean
  /** What must never happen, one line each. */
  readonly faults: readonly string[]
}

/**
 * Runs a hook, kills it or does not, and looks for anything of its owner's that is not what it was. One
 * that came to its end must have tested the tree that git would commit.
 */
export async function tryHook({ repository, command, killAfterMs }: Trial): Promise<TrialReport> {
  const { workTree, runsFile } = repository
  rmSync(runsFile, { force: true })
  const before = observe(workTree)
  const { exitCode, wasKilled, stderr } = await run(repository, command, killAfterMs)
  const faults = differences(before, observe(workTree)).map((path) => `changed: ${path}`)
  if (wasKilled) return { wasKilled, faults }

  if (exitCode !== 0) faults.push(`the hook ended with ${exitCode}: ${stderr}`)
  const wanted = writeTree(repository)
  const tested = existsSync(runsFile) ? readFileSync(runsFile, 'utf8').trim().split('\n') : []
  // With conflicts there is no tree yet.
  if (wanted !== undefined && tested.some((tree) => tree !== wanted)) {
    faults.push(`tested ${tested.join(', ')} and not ${wanted}`)
  }
  return { wasKilled, faults }
}

/** The tree that git would commit, told without touching the index. */
function writeTree({ workTree, git, env }: TestRepository): string | undefined {
  const copy = join(workTree, '../index-copy')
  copyFileSync(join(workTree, '.git/index'), copy)
  env['GIT_INDEX_FILE'] = copy
  try {
    return git('write-tree')
  } catch {
    return undefined
  } finally {
    delete env['GIT_INDEX_FILE']
    rmSync(copy, { force: true })
  }
}

interface Ended {
  readonly exitCode: number | null
  readonly wasKilled: boolean
  readonly stderr: string
}

async function run(
  { workTree, env }: TestRepository,
  [program = '', ...words]: readonly string[],
  killAfterMs: number | undefined,
): Promise<Ended> {
  const child = spawn(program, words, {
    cwd: workTree,
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const kill = (): void => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // It has come to its end.
    }
  }
  const timer = killAfterMs === undefined ? undefined : setTimeout(kill, killAfterMs)
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.once('exit', (code, killedBy) => resolve([code, killedBy])),
  )
  clearTimeout(timer)
  child.stderr.destroy()
  return { exitCode, wasKilled: signal === 'SIGKILL', stderr }
}

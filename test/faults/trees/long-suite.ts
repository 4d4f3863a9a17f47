import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import type { OutputTarget, Vault } from '@taskvault/core'
import type { LongSuite } from '../suite.ts'
import { TASK, openTestVault, saveUnder, workOf } from '../test-vault.ts'

const SPARSE_BYTES = 5 * 1024 ** 3
const FILES_PER_DIRECTORY = 1_000

/** A tree of a million files, or as many as `rounds` says, and a sparse file of 5 GiB. */
export const treesSuite: LongSuite = {
  rounds: 1_000_000,
  async run({ rounds, root }) {
    const project = join(root, 'project')
    mkdirSync(project)
    await using vault = await openTestVault({ project })
    const faults: string[] = []
    const output = (name: string): OutputTarget => ({
      declaredAs: name,
      absolutePath: join(project, name),
    })

    writeMany(output('many').absolutePath, rounds)
    const many = await saveAndRestore(vault, output('many'))
    if (countFiles(output('many').absolutePath) !== rounds) faults.push('files are missing')
    const again = await restore(vault, output('many'))
    if (again !== 0) faults.push(`restoring over an unchanged tree wrote ${again} files`)

    writeSparse(output('sparse').absolutePath)
    const sparse = await saveAndRestore(vault, output('sparse'))
    faults.push(...checkSparse(output('sparse').absolutePath))
    const peakMib = Math.round(process.resourceUsage().maxRSS / 1024)
    return {
      figures: {
        files: rounds,
        manySaveMs: many.saveMs,
        manyRestoreMs: many.restoreMs,
        sparseSaveMs: sparse.saveMs,
        sparseRestoreMs: sparse.restoreMs,
        sparseStoredBytes: sparse.storedBytes,
        peakMib,
      },
      faults,
    }
  },
}

interface Times {
  readonly saveMs: number
  readonly restoreMs: number
  readonly storedBytes: number
}

async function saveAndRestore(vault: Vault, output: OutputTarget): Promise<Times> {
  const startedMs = performance.now()
  const saved = await saveUnder(vault, output.declaredAs, [output])
  const savedMs = performance.now()
  rmSync(output.absolutePath, { recursive: true })
  const removedMs = performance.now()
  await restore(vault, output)
  return {
    saveMs: Math.round(savedMs - startedMs),
    restoreMs: Math.round(performance.now() - removedMs),
    storedBytes: saved.kind === 'saved' ? saved.storedBytes : 0,
  }
}

/** @returns how many files it wrote. */
async function restore(vault: Vault, output: OutputTarget): Promise<number> {
  const work = await workOf(vault, output.declaredAs)
  const staged = await vault.stage({ task: TASK, work, targets: [output] })
  if (staged.kind === 'miss') throw new Error(`a miss: ${JSON.stringify(staged.reasons)}`)
  await using hit = staged
  await hit.apply()
  return hit.changes.written.length
}

function writeMany(directory: string, count: number): void {
  for (let at = 0; at < count; at += 1) {
    const below = join(directory, String(Math.floor(at / FILES_PER_DIRECTORY)))
    if (at % FILES_PER_DIRECTORY === 0) mkdirSync(below, { recursive: true })
    writeFileSync(join(below, String(at)), `file ${at}`)
  }
}

function countFiles(directory: string): number {
  return readdirSync(directory).reduce(
    (sum, name) => sum + readdirSync(join(directory, name)).length,
    0,
  )
}

/** Nothing but a mark in the middle and one at the end. */
function writeSparse(path: string): void {
  const descriptor = openSync(path, 'w')
  ftruncateSync(descriptor, SPARSE_BYTES)
  for (const at of MARKS) writeSync(descriptor, 'mark', at)
  closeSync(descriptor)
}

const MARKS = [SPARSE_BYTES / 2, SPARSE_BYTES - 4]

function checkSparse(path: string): string[] {
  if (statSync(path).size !== SPARSE_BYTES) return ['the sparse file has another size']
  const descriptor = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(4)
    const isMarked = (at: number): boolean => {
      readSync(descriptor, bytes, 0, 4, at)
      return bytes.toString() === 'mark'
    }
    return MARKS.every(isMarked) ? [] : ['the sparse file has another content']
  } finally {
    closeSync(descriptor)
  }
}

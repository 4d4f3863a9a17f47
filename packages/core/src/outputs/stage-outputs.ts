import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs'
import { join } from 'node:path'
import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'
import { unpackFiles } from '../store/unpack-files.ts'
import type { OutputPlan } from './output-plan.ts'

/**
 * Makes everything new in the staging directories, every byte verified; the outputs stay as they
 * are.
 * @throws {TaskVaultError} BLOB_CORRUPT; errors of the operating system as they are.
 */
export async function stageOutputs(
  plan: OutputPlan,
  stagingDirectories: readonly string[],
  options: { readonly algorithm: HashAlgorithm; readonly onMade: (count: number) => void },
): Promise<void> {
  for (const directory of stagingDirectories) mkdirSync(directory, { recursive: true, mode: 0o700 })
  // Writable until all is in it; nobody else can look in meanwhile.
  for (const directory of plan.directories) mkdirSync(directory.stagedPath, { mode: 0o700 })
  for (const link of plan.links) {
    symlinkSync(link.target, link.stagedPath)
    lutimesSync(link.stagedPath, link.mtimeUs / 1e6, link.mtimeUs / 1e6)
  }
  await unpackFiles(plan.files, options.algorithm, options.onMade)
  finishDirectories(plan)
}

/** Sets modes and times from the leaves up, because filling a directory changes its time. */
function finishDirectories(plan: OutputPlan): void {
  const placed = new Set(plan.placements.map((placement) => placement.stagedPath))
  for (const { stagedPath, entry } of plan.directories.toReversed()) {
    utimesSync(stagedPath, entry.mtimeUs / 1e6, entry.mtimeUs / 1e6)
    if (!placed.has(stagedPath)) chmodSync(stagedPath, entry.mode)
  }
}

/** Removes a staging directory and all in it, read-only directories included. */
export function removeStaging(stagingDirectory: string): void {
  try {
    rmSync(stagingDirectory, { recursive: true, force: true })
  } catch {
    makeWritable(stagingDirectory)
    rmSync(stagingDirectory, { recursive: true, force: true })
  }
}

function makeWritable(directory: string): void {
  chmodSync(directory, 0o700)
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (lstatSync(path).isDirectory()) makeWritable(path)
  }
}

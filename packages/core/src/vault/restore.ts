import { randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { asTaskVaultError } from '../errors.ts'
import { STAGING_PREFIX } from '../files/observe-directory.ts'
import { digestToBytes } from '../model/digest.ts'
import type { ChangeReason } from '../model/explain.ts'
import type { Manifest } from '../model/manifest.ts'
import { applyPlan } from '../outputs/apply-plan.ts'
import { learnRestored } from '../outputs/learn-restored.ts'
import { createOutputPlan, needsStaging } from '../outputs/output-plan.ts'
import type { OutputPlan } from '../outputs/output-plan.ts'
import { planOutput } from '../outputs/plan-output.ts'
import { removeStaging } from '../outputs/remove-staging.ts'
import { stageOutputs } from '../outputs/stage-outputs.ts'
import type { StagedOutputs } from '../outputs/stage-outputs.ts'
import { findEntry } from '../store/entries.ts'
import type { EntryRow } from '../store/entries.ts'
import { recordHit, recordMiss } from '../store/record-use.ts'
import { forgetStaging, recordStaging } from '../store/sessions.ts'
import { dismissDamaged } from './dismiss-damaged.ts'
import { explainMiss } from './explain-miss.ts'
import { isDamage, openEntry } from './open-entry.ts'
import type { OpenedEntry } from './open-entry.ts'
import type { OpenParts } from './open-parts.ts'
import type { Miss, OutputTarget, RestoreRequest, StagedEntry } from './vault.ts'

/**
 * Looks an entry up and stages all that its outputs lack. Everything that can fail happens here, and
 * is a miss: damage also removes the entry, so that the next save stores it whole.
 */
export async function stageEntry(parts: OpenParts, request: RestoreRequest): Promise<StagedEntry | Miss> {
  const { store } = parts
  try {
    const entry = findEntry(store, { scope: 'local', key: request.work.key })
    if (entry === undefined || entry.isExpired) {
      return await miss(parts, request, entry === undefined ? undefined : [{ kind: 'expired' }])
    }
    return await stageFound(parts, request, entry)
  } catch (error) {
    const failure = asTaskVaultError(error, `look up ${request.task}`)
    store.report({ kind: 'trouble', code: failure.code, message: failure.message })
    return { kind: 'miss', reasons: [{ kind: 'unavailable', detail: failure.message }] }
  }
}

async function stageFound(
  parts: OpenParts,
  request: RestoreRequest,
  entry: EntryRow,
): Promise<StagedEntry | Miss> {
  await using stack = new AsyncDisposableStack()
  try {
    const opened = stack.use(await openEntry(parts.store, entry))
    if (!hasSameOutputs(opened.manifest, request.targets)) {
      return await miss(parts, request, [{ kind: 'outputs-changed' }])
    }
    const log = readLog(opened)
    const staged = await stageOpened(parts, request, opened)
    return describeStaged(parts, { entry, opened, log, staged, kept: stack.move() })
  } catch (error) {
    if (!isDamage(error)) throw error
    await dismissDamaged(parts.store, entry, error)
    return await miss(parts, request, [{ kind: 'damaged', detail: error.message }])
  }
}

async function miss(
  parts: OpenParts,
  request: RestoreRequest,
  known: readonly ChangeReason[] | undefined,
): Promise<Miss> {
  const reasons = known ?? (await explainMiss(parts.store, request.task, request.work))
  recordMiss(parts.store, { task: request.task, key: request.work.key, reasons })
  parts.store.report({ kind: 'missed', task: request.task, key: request.work.key, reasons })
  return { kind: 'miss', reasons }
}

function hasSameOutputs(manifest: Manifest, targets: readonly OutputTarget[]): boolean {
  const saved = manifest.outputs.map((output) => output.declaredAs).toSorted()
  const wanted = targets.map((target) => target.declaredAs).toSorted()
  return saved.length === wanted.length && saved.every((name, index) => name === wanted[index])
}

interface Staged {
  readonly plan: OutputPlan
  readonly outputs: StagedOutputs
  readonly stagingByParent: ReadonlyMap<string, string>
}

async function stageOpened(
  parts: OpenParts,
  request: RestoreRequest,
  opened: OpenedEntry,
): Promise<Staged> {
  const plan = createOutputPlan()
  const scan = parts.scanContext('restoring')
  const stagingByParent = new Map<string, string>()
  for (const output of opened.manifest.outputs) {
    const target = request.targets.find((item) => item.declaredAs === output.declaredAs)
    if (target === undefined) throw new Error('outputs were compared before')
    const { absolutePath } = target
    const stagingDirectory = stagingBeside(parts, absolutePath, stagingByParent)
    const displayPath = target.declaredAs === '' ? basename(absolutePath) : target.declaredAs
    const wanted = { entry: output.entry, absolutePath, displayPath }
    planOutput(wanted, { scan, locator: opened.locator, stagingDirectory, plan })
  }
  parts.statCache.flush()
  if (!needsStaging(plan)) return { plan, outputs: { directories: [], written: [] }, stagingByParent: new Map() }
  const directories = [...stagingByParent.values()]
  recordStaging(parts.store, directories)
  try {
    const { algorithm, locator, manifest } = opened
    const onMade = reportFiles(parts, manifest.fileCount)
    const outputs = await stageOutputs(plan, { algorithm, locator, stagingDirectories: directories, onMade })
    return { plan, outputs, stagingByParent }
  } catch (error) {
    clearStaging(parts, directories)
    throw error
  }
}

/** One staging directory for all outputs in the same directory: on their file system, out of sight. */
function stagingBeside(parts: OpenParts, absolutePath: string, known: Map<string, string>): string {
  const parent = dirname(absolutePath)
  const existing = known.get(parent)
  if (existing !== undefined) return existing
  const name = `${STAGING_PREFIX}${parts.store.sessionId}-${randomBytes(4).toString('hex')}`
  const directory = join(parent, name)
  known.set(parent, directory)
  return directory
}

function clearStaging(parts: OpenParts, directories: readonly string[]): void {
  for (const directory of directories) removeStaging(directory)
  if (directories.length > 0) forgetStaging(parts.store, directories)
}

function reportFiles(parts: OpenParts, total: number): (count: number) => void {
  let done = 0
  return (count) => {
    done += count
    parts.store.report({ kind: 'progress', phase: 'restoring', done, total, unit: 'files' })
  }
}

interface FoundEntry {
  readonly entry: EntryRow
  readonly opened: OpenedEntry
  readonly log: Buffer | undefined
  readonly staged: Staged
  readonly kept: AsyncDisposableStack
}

function readLog({ manifest, locator }: OpenedEntry): Buffer | undefined {
  return manifest.log === undefined ? undefined : locator.read(digestToBytes(manifest.log.digest))
}

function describeStaged(parts: OpenParts, found: FoundEntry): StagedEntry {
  const { entry, opened, log, staged, kept } = found
  const { manifest } = opened
  const { plan, outputs, stagingByParent } = staged
  const directories = [...stagingByParent.values()]
  return {
    kind: 'hit',
    manifest,
    log,
    changes: { written: outputs.written, removed: plan.removed, unchangedCount: plan.unchangedCount },
    async apply() {
      applyPlan(plan, (path) => stagingOf(path, stagingByParent))
      const scan = parts.scanContext('restoring')
      learnRestored(outputs.directories, { scan, blobOf: opened.blobOf })
      parts.statCache.flush()
      recordHit(parts.store, entry, { savedMs: manifest.durationMs })
      parts.store.report({ kind: 'hit', task: manifest.task, key: manifest.key })
    },
    async [Symbol.asyncDispose]() {
      clearStaging(parts, directories)
      await kept.disposeAsync()
    },
  }
}

/** The staging directory of the output that a path lies in. */
function stagingOf(path: string, stagingByParent: ReadonlyMap<string, string>): string {
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    const staging = stagingByParent.get(parent)
    if (staging !== undefined) return staging
    if (parent === dirname(parent)) throw new Error(`nothing was staged for ${path}`)
  }
}

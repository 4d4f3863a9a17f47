import { asTaskVaultError } from '../errors.ts'
import { digestToBytes } from '../model/digest.ts'
import type { ChangeReason } from '../model/explain.ts'
import type { ContentReference } from '../model/manifest.ts'
import { applyPlan } from '../outputs/apply-plan.ts'
import { forgetRecent } from '../outputs/learn-restored.ts'
import type { EntryRow } from '../store/entries/entries.ts'
import { recordHit, recordMiss } from '../store/entries/record-use.ts'
import { dismissDamaged } from './dismiss-damaged.ts'
import { isCurrent, isDamage, openEntry } from './open-entry.ts'
import type { OpenedEntry } from './open-entry.ts'
import type { OpenParts } from './open-parts.ts'
import { explainMiss } from './runs/explain-miss.ts'
import { findOrPull } from './sharing/find-or-pull.ts'
import type { Found, Wanted } from './sharing/find-or-pull.ts'
import { dismissRecord } from './sharing/pull-entry.ts'
import type { Pulled } from './sharing/pull-entry.ts'
import { confirmReceived } from './sharing/receiving/confirm-received.ts'
import { createStageAhead } from './stage-ahead.ts'
import type { StageAhead } from './stage-ahead.ts'
import { stageOpened } from './stage-opened.ts'
import type { Staged } from './stage-opened.ts'
import type { EndableRequest } from './stagings.ts'
import { findTargets } from './targets/declared-outputs.ts'
import type { Miss, OutputTarget, RestoreRequest, StagedEntry } from './vault.ts'

/**
 * Looks an entry up and stages all that its outputs lack. Everything that can fail happens here, and
 * is a miss: damage also removes the entry, so that the next save stores it whole.
 */
export async function stageEntry(
  parts: OpenParts,
  request: EndableRequest & Pick<Wanted, 'isWhole'>,
): Promise<StagedEntry | Miss> {
  const { store } = parts
  try {
    request.signal.throwIfAborted()
    await using ahead = createStageAhead(parts, request)
    const found = await findOrPull(parts, { ...request, onArriving: ahead.begin })
    if (found.kind === 'not-found') return await miss(parts, request, found.because)
    return await stageFound(parts, request, { ...found, ahead })
  } catch (error) {
    const failure = asTaskVaultError(error, `restore ${request.task}`)
    store.report({ kind: 'trouble', code: failure.code, message: failure.message })
    return { kind: 'miss', reasons: [{ kind: 'unavailable', detail: failure.message }] }
  }
}

interface FoundAhead extends Found {
  readonly ahead: StageAhead
}

async function stageFound(
  parts: OpenParts,
  request: EndableRequest,
  { entry, pulled, ahead }: FoundAhead,
): Promise<StagedEntry | Miss> {
  await using stack = new AsyncDisposableStack()
  // How much there is to do is known before the first of it is done.
  reportFiles(parts, entry.fileCount)(0)
  try {
    // Before the entry is opened: its packs are open as long as they arrive, and descriptors are few.
    const made = await ahead.finish()
    const opened = stack.use(await openEntry(parts.store, entry))
    const targets = findTargets(opened.manifest, request.targets)
    if (targets === undefined) {
      return await miss(parts, request, { kind: 'outputs-changed' })
    }
    const { log, notes } = opened.manifest
    const texts = { log: readContent(opened, log), notes: readContent(opened, notes) }
    const rules = 'select' in request.targets ? request.targets : undefined
    const onMade = reportFiles(parts, opened.manifest.fileCount)
    const staged =
      made?.take({ entry, opened, onMade }) ??
      (await stageOpened(parts, { targets, rules, opened, signal: request.signal, onMade }))
    const kept = stack.move()
    return describeStaged(parts, { entry, pulled, opened, ...texts, targets, staged, kept })
  } catch (error) {
    if (!isDamage(error)) throw error
    // Its files went because it was replaced or removed: what is there now answers.
    if (!isCurrent(parts.store, entry)) return await stageEntry(parts, request)
    await dismissDamaged(parts.store, entry, error)
    // It refers to what was here before, where the damage may be: the remote store's own may be sound.
    if (pulled?.isAssembled === true) return await stageEntry(parts, { ...request, isWhole: true })
    if (pulled !== undefined) dismissRecord(parts, pulled.record, error.code)
    return await miss(parts, request, { kind: 'damaged', detail: error.message })
  }
}

async function miss(
  parts: OpenParts,
  request: RestoreRequest,
  known: ChangeReason | undefined,
): Promise<Miss> {
  const { store } = parts
  const remote = request.isNamedByKey === true ? undefined : parts.remote
  const reasons =
    known === undefined ? await explainMiss({ store, remote }, request.task, request.work) : [known]
  recordMiss(store, { task: request.task, key: request.work.key, reasons })
  store.report({ kind: 'missed', task: request.task, key: request.work.key, reasons })
  return { kind: 'miss', reasons }
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
  readonly pulled: Pulled | undefined
  readonly opened: OpenedEntry
  readonly targets: readonly OutputTarget[]
  readonly log: Buffer | undefined
  readonly notes: Buffer | undefined
  readonly staged: Staged
  readonly kept: AsyncDisposableStack
}

function readContent(
  { locator }: OpenedEntry,
  content: ContentReference | undefined,
): Buffer | undefined {
  return content === undefined ? undefined : locator.read(digestToBytes(content.digest))
}

function describeStaged(parts: OpenParts, found: FoundEntry): StagedEntry {
  const { entry, pulled, opened, targets, log, notes, staged, kept } = found
  const { manifest } = opened
  const { plan, outputs, places } = staged
  return {
    kind: 'hit',
    manifest,
    targets,
    log,
    notes,
    changes: {
      written: outputs.written,
      removed: plan.removed,
      unchangedCount: plan.unchangedCount,
    },
    ...(pulled !== undefined && { receivedBytes: pulled.receivedBytes }),
    async apply() {
      const movedAtMs = parts.scanContext('restoring').now()
      applyPlan(plan, places)
      for (const made of outputs.directories) {
        forgetRecent(made, movedAtMs)
        parts.statCache.write(made.finalPath, made.listing)
      }
      confirmReceived(parts.store, opened, outputs.directories)
      parts.statCache.flush()
      recordHit(parts.store, entry, { savedMs: manifest.durationMs })
      parts.store.report({ kind: 'hit', task: manifest.task, key: manifest.key })
    },
    async [Symbol.asyncDispose]() {
      places[Symbol.dispose]()
      await kept.disposeAsync()
    },
  }
}

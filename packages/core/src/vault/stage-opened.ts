import { basename } from 'node:path'
import type { Manifest } from '../model/manifest.ts'
import type { OutputPlaces } from '../outputs/output-places.ts'
import { createOutputPlan, needsStaging } from '../outputs/output-plan.ts'
import type { OutputPlan } from '../outputs/output-plan.ts'
import { planOutput } from '../outputs/plan-output.ts'
import { stageOutputs } from '../outputs/stage-outputs.ts'
import type { StageContext, StagedOutputs } from '../outputs/stage-outputs.ts'
import type { OpenParts } from './open-parts.ts'
import { openPlaces } from './open-places.ts'
import { checkWritten } from './targets/declared-outputs.ts'
import type { OutputSelection, OutputTarget } from './vault.ts'

/** Outputs that are made, and not in their places yet. */
export interface Staged {
  readonly plan: OutputPlan
  readonly outputs: StagedOutputs
  readonly places: OutputPlaces
}

export interface Staging {
  readonly targets: readonly OutputTarget[]
  readonly rules: OutputSelection | undefined
  /** The entry's, which may be on its way. */
  readonly opened: Omit<StageContext, 'limits' | 'signal' | 'onMade'> & {
    readonly manifest: Manifest
  }
  readonly signal: AbortSignal
  readonly onMade: StageContext['onMade']
}

/**
 * Makes all that the outputs lack.
 * @throws {TaskVaultError} BLOB_MISSING, BLOB_CORRUPT, ENTRY_DAMAGED, OUTPUT_BLOCKED, INPUT_UNREADABLE; errors
 * of the operating system as they are; and the signal's reason.
 */
export async function stageOpened(parts: OpenParts, staging: Staging): Promise<Staged> {
  const { targets, rules, opened, signal, onMade } = staging
  const plan = createOutputPlan()
  const stale = rules?.findStale?.(targets.map(({ declaredAs }) => declaredAs)) ?? []
  const places = openPlaces(parts, [...targets, ...stale])
  try {
    planOutputs({ ...staging, parts, places, plan })
    plan.removals.push(...stale.map(({ absolutePath }) => absolutePath))
    plan.removed.push(...stale.map(({ declaredAs }) => declaredAs))
    parts.statCache.flush()
    const outputs = needsStaging(plan)
      ? await stageOutputs(plan, { ...opened, limits: opened.manifest, signal, onMade })
      : { directories: [], written: [] }
    if (rules?.wants !== undefined) checkWritten(outputs.written, { targets, wants: rules.wants })
    return { plan, outputs, places }
  } catch (error) {
    places[Symbol.dispose]()
    throw error
  }
}

interface Planning extends Staging {
  readonly parts: OpenParts
  readonly places: OutputPlaces
  readonly plan: OutputPlan
}

function planOutputs({ parts, targets, rules, opened, places, plan }: Planning): void {
  const scan = parts.scanContext('restoring')
  const keeps = rules?.keeps.bind(rules)
  const byName = new Map(targets.map((target) => [target.declaredAs, target]))
  for (const output of opened.manifest.outputs) {
    const target = byName.get(output.declaredAs)
    if (target === undefined) throw new Error('outputs were compared before')
    const { absolutePath } = target
    const displayPath = target.declaredAs === '' ? basename(absolutePath) : target.declaredAs
    const wanted = { entry: output.entry, absolutePath, displayPath }
    planOutput(wanted, { scan, locator: opened.locator, places, plan, keeps })
  }
}

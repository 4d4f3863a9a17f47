import { TaskVaultError } from '@taskvault/core'
import type { SaveTaskOutcome } from '@taskvault/core'
import type { HalfStep } from './half-step.ts'

/**
 * Says what was saved, or why nothing was.
 * @throws {TaskVaultError} IO_FAILED when what was made is lost, and that is to fail the job.
 */
export function tellSaved(
  { runner, inputs, troubles }: Pick<HalfStep, 'runner' | 'inputs' | 'troubles'>,
  save: SaveTaskOutcome['save'],
): void {
  if (save.kind === 'saved') {
    const sent = save.remote?.sentBytes ?? 0
    runner.setOutput('uploaded-bytes', String(sent))
    runner.info(`saved ${save.fileCount} files under ${save.key}, sent ${sent} bytes`)
  } else if (save.because === 'restored') {
    runner.info('nothing to save: it was restored')
  } else {
    const why = save.because === 'output-missing' ? save.message : save.because
    if (save.because === 'output-missing') troubles.remark(`Nothing was saved: ${why}`)
    runner.info(`not saved: ${why}`)
  }
  if (!inputs.failsOnSaveError || !isLost(save)) return
  throw new TaskVaultError('IO_FAILED', 'Nothing was saved, and fail-on-save-error is set')
}

/** Whether others will not find what was made, though they should. */
function isLost(save: SaveTaskOutcome['save']): boolean {
  if (save.kind === 'saved') return save.remote?.kind === 'failed'
  return save.because === 'trouble' || save.because === 'output-missing'
}

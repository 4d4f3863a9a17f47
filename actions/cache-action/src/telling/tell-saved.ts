import { TaskVaultError, describeLeftOut, nameReason } from '@taskvault/core'
import type { NotSaved, SaveTaskOutcome } from '@taskvault/core'
import type { HalfStep } from '../half-step.ts'
import { formatBytes, formatFiles } from './quantities.ts'

type Save = SaveTaskOutcome['save']

/**
 * Says what was saved, or why nothing was, which is a warning where somebody has to do something about it.
 * @throws {TaskVaultError} IO_FAILED when what was made is lost, and that is to fail the job.
 */
export function tellSaved(
  { runner, inputs, troubles }: Pick<HalfStep, 'runner' | 'inputs' | 'troubles'>,
  save: Save,
): void {
  if (save.kind === 'saved') {
    runner.setOutput('uploaded-bytes', String(save.remote?.sentBytes ?? 0))
    const what = `${formatFiles(save.fileCount)}, ${formatBytes(save.sizeBytes)}`
    const saved = `saved ${what}${describeSent(save.remote)}`
    runner.info(
      save.isUnchanged === true
        ? 'nothing to save: nothing has changed since it was restored'
        : saved,
    )
    for (const each of save.leftOut?.slice(0, SHOWN_PATHS) ?? [])
      troubles.remark(`Left out: ${describeLeftOut(each)}`)
  } else if (save.because === 'restored') {
    runner.info('nothing to save: it was restored')
  } else {
    const { text, isWarning } = explain(save)
    if (isWarning) troubles.remark(`Nothing was saved: ${text}`)
    runner.info(`not saved: ${text}`)
  }
  if (!inputs.failsOnSaveError || !isLost(save)) return
  throw new TaskVaultError('IO_FAILED', 'Nothing was saved, and fail-on-save-error is set')
}

/** Whether other machines will find it. */
function describeSent(remote: Extract<Save, { readonly kind: 'saved' }>['remote']): string {
  switch (remote?.kind) {
    case undefined:
      return ''
    case 'sent':
      return `, and sent ${formatBytes(remote.sentBytes)}`
    case 'known':
      return '; the remote store has an entry of this key already'
    case 'skipped':
      return ` on this machine only: ${remote.because ?? 'the job may not write to the remote store, or another job is sending the same'}`
    case 'failed':
      return ' on this machine only: the remote store could not be used'
  }
}

const SHOWN_CHANGES = 3
const SHOWN_PATHS = 3

interface Explained {
  readonly text: string
  /** Whether it stays so until somebody changes something. */
  readonly isWarning: boolean
}

function explain(save: NotSaved): Explained {
  switch (save.because) {
    case 'output-missing':
      return { text: save.message, isWarning: true }
    case 'inputs-changed': {
      const text = `its inputs changed meanwhile (${save.changes.slice(0, SHOWN_CHANGES).map(nameReason).join(', ')})`
      const because = save.leftOut === undefined ? '' : `: ${describeLeftOut(save.leftOut)}`
      return { text: text + because, isWarning: true }
    }
    case 'too-large': {
      const size = formatBytes(save.sizeBytes)
      return { text: `it has ${size}, which is more than max_size_bytes allows`, isWarning: true }
    }
    case 'notes-too-large':
      return { text: 'it wrote more than 4 MB to files of the runner', isWarning: true }
    case 'secret-noted':
      return { text: 'what it wrote to files of the runner contains a secret', isWarning: true }
    case 'not-writable':
      return { text: 'this user may not write to the vault of the machine', isWarning: true }
    case 'trouble':
    case 'policy':
    case 'failed':
    case 'no-save':
    case 'read-only':
    case 'interrupted':
    case 'output-unread':
      return { text: PLAINLY[save.because], isWarning: false }
  }
}

const PLAINLY = {
  trouble: 'the cache could not be used',
  policy: 'the policy lets this task, branch or fork only read',
  failed: 'the work has failed',
  'no-save': 'nobody wants that',
  'read-only': 'read-only or save-if asks for that',
  interrupted: 'interrupted',
  'output-unread': 'its output was not read to the end',
}

/** Whether others will not find what was made, though they should. */
function isLost(save: Save): boolean {
  if (save.kind === 'saved') return save.remote?.kind === 'failed'
  return ['trouble', 'output-missing', 'not-writable'].includes(save.because)
}

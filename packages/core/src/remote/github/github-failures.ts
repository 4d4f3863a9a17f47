import { TaskVaultError } from '../../errors.ts'
import { RetryLater, nonsense, parseRetryAfter, unavailable } from '../failures.ts'
import type { HttpAnswer } from '../http/http-client.ts'
import { parseFields } from './parse-fields.ts'

/** This job may read only: no problems found, and nothing is to be written. */
export class WriteDenied extends Error {
  override readonly name: string = 'WriteDenied'
}

/** Somebody else is writing the same, which says nothing of what else this job may write. */
export class LeftToOthers extends WriteDenied {
  override readonly name = 'LeftToOthers'
}

/** Names an answer that is not what was asked for; reads or drops its body. */
export async function explainGithubAnswer(
  answer: HttpAnswer,
  attempt: string,
): Promise<TaskVaultError> {
  const { status, headers } = answer
  const why = status === 403 ? await readReason(answer) : await answer.drop()
  const said = `Could not ${attempt}: GitHub's cache service answered ${[status, why].filter(Boolean).join(': ')}`
  if (status === 429 || status >= 500) {
    const afterMs = parseRetryAfter(headers['retry-after'], Date.now())
    return unavailable(said, afterMs === undefined ? undefined : new RetryLater(afterMs))
  }
  if (status < 400) return nonsense(said)
  if (why) return new TaskVaultError('REMOTE_REFUSED', said)
  return new TaskVaultError('REMOTE_REFUSED', said, {
    hint: 'Only actions have the token of the cache service, and only while their job runs.',
  })
}

const LONGEST_REASON = 300

/** What a policy has against it, as the service says it; undefined when it says nothing. */
async function readReason(answer: HttpAnswer): Promise<string | undefined> {
  try {
    const { msg } = parseFields(await answer.text())
    return typeof msg === 'string' ? msg.slice(0, LONGEST_REASON) : undefined
  } catch {
    // The status alone is reason enough.
    return undefined
  }
}

export function writeDenied(cause: WriteDenied): TaskVaultError {
  return new TaskVaultError('REMOTE_REFUSED', cause.message, { cause })
}

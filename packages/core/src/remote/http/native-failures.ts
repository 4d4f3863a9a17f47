import { TaskVaultError } from '../../errors.ts'
import { RetryLater, nonsense, parseRetryAfter, unavailable } from '../failures.ts'
import type { HttpAnswer } from './http-client.ts'
import { parseErrorAnswer } from './native-answers.ts'
import type { ErrorAnswer } from './native-answers.ts'

/** Names an answer of a TaskVault server that is not what was asked for. */
export function explainRefusal(answer: HttpAnswer, refusal: ErrorAnswer): TaskVaultError {
  const { status, headers } = answer
  const reason = [refusal.code, refusal.message].filter((part) => part !== '').join(': ')
  const said = `The server answered ${status}${reason === '' ? '' : ` (${reason})`}`
  if (refusal.code === 'BLOB_CORRUPT') return new TaskVaultError('BLOB_CORRUPT', said)
  if (status === 416) return nonsense(`${said}: a blob has fewer bytes than requested`)
  if (status === 408 || status === 429 || status >= 500) {
    const afterMs = parseRetryAfter(headers['retry-after'], Date.now())
    return unavailable(said, afterMs === undefined ? undefined : new RetryLater(afterMs))
  }
  // Whatever answers there speaks another language.
  if (refusal.code === '' || status < 400) return nonsense(said)
  return new TaskVaultError('REMOTE_REFUSED', said, { hint: hintFor(status, refusal.hint) })
}

/** Reads an answer's body as a refusal. A body that breaks off is one without reasons. */
export async function readRefusal(answer: HttpAnswer): Promise<ErrorAnswer> {
  try {
    return parseErrorAnswer(await answer.text())
  } catch {
    return parseErrorAnswer('')
  }
}

function hintFor(status: number, hint: string | undefined): string {
  if (hint !== undefined) return hint
  return status === 401 || status === 403
    ? 'Check TASKVAULT_TOKEN, or that the CI job may get an ID token, and what the server allows it.'
    : 'Check the address of the server, and that its version is compatible with this one.'
}

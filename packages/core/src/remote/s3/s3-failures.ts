import { TaskVaultError } from '../../errors.ts'
import { RetryLater, nonsense, parseRetryAfter, unavailable } from '../failures.ts'
import type { HttpAnswer } from '../http/http-client.ts'
import { readElement } from './s3-listing.ts'

/** Of a body whose bytes are not those that the request announced. */
const WRONG_BODY = new Set(['BadDigest', 'InvalidDigest', 'XAmzContentSHA256Mismatch'])
/** Of bodies that did not arrive; unlike what their status says, the same request may work later. */
const BROKEN_OFF = new Set(['IncompleteBody', 'RequestTimeout'])

/** Of temporary credentials; AWS says so with a 400. */
const OF_SESSION_TOKENS = new Set(['ExpiredToken', 'InvalidToken', 'TokenRefreshRequired'])

/** Names an answer that is not what was asked for; reads its body. */
export async function explainAnswer(answer: HttpAnswer, attempt: string): Promise<TaskVaultError> {
  const { status, headers } = answer
  const body = await readQuietly(answer)
  const code = readElement(body, 'Code')
  const said = `Could not ${attempt}: the bucket answered ${status}${code === undefined ? '' : ` ${code}`}`
  if (status === 400 && code !== undefined && WRONG_BODY.has(code))
    return new TaskVaultError('BLOB_CORRUPT', said)
  if (status === 409 || status === 429 || status >= 500 || BROKEN_OFF.has(code ?? '')) {
    const afterMs = parseRetryAfter(headers['retry-after'], Date.now())
    return unavailable(said, afterMs === undefined ? undefined : new RetryLater(afterMs))
  }
  if (status === 301 || status === 307) return elsewhere(said, headers['x-amz-bucket-region'])
  if (code === 'AuthorizationHeaderMalformed') return elsewhere(said, readElement(body, 'Region'))
  if (status >= 400) return refused(said, status, code)
  return nonsense(said)
}

async function readQuietly(answer: HttpAnswer): Promise<string> {
  try {
    return await answer.text()
  } catch {
    return ''
  }
}

function elsewhere(said: string, region: string | undefined): TaskVaultError {
  return new TaskVaultError('REMOTE_REFUSED', `${said}: the bucket is elsewhere`, {
    hint: `Add ?region=${region ?? '…'} to the address of the bucket.`,
  })
}

function refused(said: string, status: number, code: string | undefined): TaskVaultError {
  return new TaskVaultError('REMOTE_REFUSED', said, { hint: hintFor(status, code) })
}

function hintFor(status: number, code: string | undefined): string {
  if (OF_SESSION_TOKENS.has(code ?? ''))
    return 'Get new temporary credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN belong together, and expire.'
  return status === 403
    ? 'Check the AWS_… variables, the clock of this machine, and that the key may list, read and write (s3:ListBucket, s3:GetObject, s3:PutObject).'
    : 'Check the address of the bucket, and that it exists.'
}

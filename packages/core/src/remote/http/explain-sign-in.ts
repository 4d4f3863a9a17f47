import { TaskVaultError } from '../../errors.ts'

/** How an answer begins. */
interface AnswerHead {
  readonly status: number
  /** By their names in lowercase. */
  readonly headers: Readonly<Record<string, string | undefined>>
}

/**
 * Names what stands between us and a store: a proxy or a network that answers everything with its page, or sends on to
 * it. That says nothing of what the store has. Undefined when the answer may be a store's.
 */
export function explainSignIn(head: AnswerHead, host: string): TaskVaultError | undefined {
  if (isPage(head)) return notReached(`${host} answered with a web page`)
  const { status, headers } = head
  const { location = '' } = headers
  // Stores send on with 301, 307 and 308.
  const isSentOn = (status === 302 || status === 303) && location !== ''
  if (!isSentOn || !URL.canParse(location, `http://${host}`)) return undefined
  const { host: other } = new URL(location, `http://${host}`)
  return notReached(`${host} answered with a redirect to a page of ${other}`)
}

/** Stores call nothing a page that they have; some call so the empty answer to an upload. */
function isPage({ status, headers }: AnswerHead): boolean {
  if (status < 200 || status >= 300 || headers['content-length'] === '0') return false
  return /^\s*(text\/html|application\/xhtml\+xml)\b/i.test(headers['content-type'] ?? '')
}

/** Warnings show the message alone. */
function notReached(said: string): TaskVaultError {
  const message = `${said}, and not as a store: it is not the store's address, or a proxy or a sign-in answers in its place`
  return new TaskVaultError('REMOTE_UNAVAILABLE', message, {
    hint: 'Check the address of the remote store (remote.url), whether a proxy answers in its place (HTTPS_PROXY, NO_PROXY), and whether this network wants you to sign in first: open the address in a browser.',
  })
}

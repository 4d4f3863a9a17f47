import { TaskVaultError } from '../../errors.ts'

const SEGMENT = /^[A-Za-z0-9._=-]+$/
/** What every bucket takes. */
const LONGEST_KEY = 1024

/** Whether `name` can be one segment of a key: neither a way out of a folder, nor a way around it. */
export function isKeySegment(name: string): boolean {
  return SEGMENT.test(name) && name !== '.' && name !== '..'
}

/** @throws {TaskVaultError} ARGUMENT_INVALID when `key` is none (see ObjectStore). */
export function checkObjectKey(key: string): void {
  if (key.length <= LONGEST_KEY && key.split('/').every(isKeySegment)) return
  throw invalid(`Not the key of an object: ${JSON.stringify(key)}`)
}

/** @throws {TaskVaultError} ARGUMENT_INVALID when no key can begin with `prefix`. */
export function checkObjectPrefix(prefix: string): void {
  const segments = prefix.split('/')
  const last = segments.pop() ?? ''
  if (segments.every(isKeySegment) && (last === '' || SEGMENT.test(last))) return
  throw invalid(`No key of an object begins with ${JSON.stringify(prefix)}`)
}

function invalid(message: string): TaskVaultError {
  return new TaskVaultError('ARGUMENT_INVALID', message, {
    hint: 'Keys are segments of letters, digits and ._=- with / between them; none is "." or "..".',
  })
}

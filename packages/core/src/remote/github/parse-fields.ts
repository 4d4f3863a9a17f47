import { nonsense } from '../failures.ts'

/** @throws {TaskVaultError} REMOTE_INVALID when it is no object of JSON. */
export function parseFields(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw nonsense("The answer is not from GitHub's cache service")
}

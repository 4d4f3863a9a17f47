import { nonsense } from '../failures.ts'

/* What the answers of a TaskVault server are made of; anything else throws REMOTE_INVALID. */

export type Fields = Readonly<Record<string, unknown>>

export function asFields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('answer')
  return value as Fields
}

export function asText(value: unknown): string {
  if (typeof value !== 'string') throw malformed('answer')
  return value
}

export function asTexts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw malformed('list')
  return value.map(asText)
}

export function asNumber(value: unknown): number {
  if (typeof value !== 'number') throw malformed('answer')
  return value
}

export function malformed(what: string): Error {
  return nonsense(`The server answered with a malformed ${what}`)
}

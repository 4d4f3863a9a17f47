import type { ByteRange } from '@taskvault/core'

/** What a Range header asks for, of bytes that are there. */
export type WantedRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly range: ByteRange }
  | { readonly kind: 'unsatisfiable' }

const WHOLE: WantedRange = { kind: 'whole' }
const UNSATISFIABLE: WantedRange = { kind: 'unsatisfiable' }
const SHAPE = /^bytes=(\d{0,15})-(\d{0,15})$/

/**
 * Reads `bytes=a-b`, `bytes=a-` or `bytes=-n`. Whatever else a header says, several ranges among it,
 * is answered with the whole, as the HTTP standard allows.
 */
export function readRange(header: string | undefined, sizeBytes: number): WantedRange {
  if (header === undefined) return WHOLE
  const [, first = '', last = ''] = SHAPE.exec(header) ?? []
  if (first === '' && last === '') return WHOLE
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1)
  if (first !== '' && last !== '' && Number(last) < Number(first)) return WHOLE
  return start < end ? { kind: 'part', range: { start, end } } : UNSATISFIABLE
}

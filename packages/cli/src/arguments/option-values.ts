import { InvalidArgumentError } from 'commander'

/** A whole number of 1 or more. */
export function parseCount(text: string): number {
  const count = Number(text)
  if (/^\d{1,9}$/.test(text) && count >= 1) return count
  throw new InvalidArgumentError('Use a whole number from 1 to 999999999.')
}

/** The status that a process ended with. */
export function parseExitStatus(text: string): number {
  if (/^\d{1,3}$/.test(text) && Number(text) <= 255) return Number(text)
  throw new InvalidArgumentError('Use a whole number from 0 to 255.')
}

/** A number of gigabytes, 0 included. */
export function parseGigabytes(text: string): number {
  if (/^\d{1,7}(\.\d{1,9})?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Use a number of gigabytes, such as 5 or 0.5.')
}

/** One of several equal parts. */
export interface Subset {
  /** From 1. */
  readonly n: number
  readonly of: number
}

/** `2/7`: the second of seven parts. */
export function parseSubset(text: string): Subset {
  const [, n, of] = /^(\d{1,4})\/(\d{1,4})$/.exec(text)?.map(Number) ?? []
  if (n !== undefined && of !== undefined && n >= 1 && n <= of) return { n, of }
  throw new InvalidArgumentError('Use n/of, such as 1/7, with n from 1 to of.')
}

import { InvalidArgumentError } from 'commander'

/** A whole number of 1 or more. */
export function parseCount(text: string): number {
  const count = Number(text)
  if (/^\d{1,9}$/.test(text) && count >= 1) return count
  throw new InvalidArgumentError('Use a whole number from 1 to 999999999.')
}

/** A number of gigabytes above 0. */
export function parseGigabytes(text: string): number {
  const gigabytes = Number(text)
  if (/^\d{1,7}(\.\d{1,9})?$/.test(text)) return gigabytes
  throw new InvalidArgumentError('Use a number of gigabytes, such as 5 or 0.5.')
}

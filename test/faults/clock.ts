import process from 'node:process'

/** Milliseconds on the clock that all processes of the machine share, and that is never set. */
export function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

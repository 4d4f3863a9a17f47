import type { Report } from '@taskvault/core'
import type { Host } from './host.ts'

/** From here on, what is known of each file adds up. */
const MANY_FILES = 1000

/** A reader of events that limits the memory of its host, once, when they tell of many files. */
export function limitMemoryOfLargeWork({ limitMemory }: Pick<Host, 'limitMemory'>): Report {
  let isLimited = false
  return (event) => {
    if (isLimited || event.kind !== 'progress' || event.unit !== 'files') return
    // Threads start when work begins, in half the time that it takes them with V8's own limits changed.
    if (event.done === 0 || (event.total ?? event.done) < MANY_FILES) return
    isLimited = true
    limitMemory?.()
  }
}

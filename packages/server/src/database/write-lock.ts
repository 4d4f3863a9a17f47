import { TaskVaultError } from '@taskvault/core'

/** Lets one at a time through, in the order of their coming. */
export interface WriteLock {
  /** Resolves to what ends the hold. DATABASE_BUSY after `timeoutMs`. */
  take(): Promise<() => void>
}

export function createWriteLock(timeoutMs: number): WriteLock {
  const waiting: (() => void)[] = []
  let isHeld = false

  const release = (): void => {
    const next = waiting.shift()
    if (next === undefined) isHeld = false
    else next()
  }
  return {
    async take() {
      if (isHeld) await queue(waiting, timeoutMs)
      isHeld = true
      let isOver = false
      return () => {
        if (!isOver) release()
        isOver = true
      }
    },
  }
}

async function queue(waiting: (() => void)[], timeoutMs: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const wake = (): void => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(wake), 1)
      reject(new TaskVaultError('DATABASE_BUSY', 'Another change holds the database for long'))
    }, timeoutMs)
    waiting.push(wake)
  })
}

import { setTimeout as sleep } from 'node:timers/promises'

/** Asks every 25 ms until the answer is true; throws what `tell` says after `timeoutMs`. */
export async function waitUntil(
  isSo: () => Promise<boolean> | boolean,
  { timeoutMs, tell }: { readonly timeoutMs: number; readonly tell: () => string },
): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(tell())
    await sleep(25)
  }
}

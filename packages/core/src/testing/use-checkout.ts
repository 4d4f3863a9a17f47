import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import { openCheckout } from './checkout.ts'
import type { Checkout, CheckoutOptions } from './checkout.ts'

/** A directory that machines of one test share; gone after it. */
export function createSharedFolder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-share-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A checkout that is closed when the test has finished. */
export async function useCheckout(options: CheckoutOptions): Promise<Checkout> {
  const checkout = await openCheckout(options)
  onTestFinished(async () => await checkout[Symbol.asyncDispose]())
  return checkout
}

/** One whose remote store is a shared folder. */
export async function useSharing(share: string): Promise<Checkout> {
  return await useCheckout({ url: pathToFileURL(share).href })
}

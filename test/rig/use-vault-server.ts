import { afterAll } from 'vitest'
import { startVaultServer } from './start-vault-server.ts'
import type { VaultServer } from './start-vault-server.ts'

/** A server for all tests of the file that asks, closed after the last of them. */
export async function useVaultServer(): Promise<VaultServer> {
  const server = await startVaultServer()
  afterAll(async () => await server[Symbol.asyncDispose]())
  return server
}

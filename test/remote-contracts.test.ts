import {
  connectStores,
  describeBlobStore,
  describeEntryStore,
  startStrictS3Server,
} from '@taskvault/core/testing'
import type { ConnectedStores, StrictS3Server } from '@taskvault/core/testing'
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest'
import { startVaultServer } from './rig/start-vault-server.ts'
import type { VaultServer } from './rig/start-vault-server.ts'

/* The contracts of core, over a real server at a real socket. */

describe('a server that keeps blobs in a folder', () => {
  let server: VaultServer
  beforeAll(async () => {
    server = await startVaultServer()
  })
  afterAll(async () => await server[Symbol.asyncDispose]())

  describeBlobStore('over HTTP', async () => connect(server).blobs)
  describeEntryStore('over HTTP', async () => connect(server))
})

describe('a server that sends its clients on to a bucket', () => {
  let bucket: StrictS3Server
  let server: VaultServer
  beforeAll(async () => {
    bucket = await startStrictS3Server()
    const config = `bucket: ${bucket.address}\ntransfer: direct\n`
    server = await startVaultServer({ config, env: bucket.env })
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await bucket[Symbol.asyncDispose]()
  })

  describeBlobStore('over HTTP and a bucket', async () => connect(server).blobs)
  describeEntryStore('over HTTP and a bucket', async () => connect(server))
})

function connect({ url, key }: VaultServer): ConnectedStores {
  const stores = connectStores(url, key)
  onTestFinished(async () => await stores[Symbol.asyncDispose]())
  return stores
}

import { createHttpBlobStore } from '../remote/http/http-blob-store.ts'
import { createHttpClient } from '../remote/http/http-client.ts'
import { createHttpEntryStore } from '../remote/http/http-entry-store.ts'
import { createNativeConnection } from '../remote/http/native-connection.ts'
import type { RemoteStores } from '../remote/remote-stores.ts'

export interface ConnectedStores extends RemoteStores, AsyncDisposable {}

/** The stores of a TaskVault server without any wrapper: what the server answers is what the test sees. */
export function connectStores(url: string, token: string): ConnectedStores {
  const http = createHttpClient()
  const connection = createNativeConnection({
    url: new URL(url),
    http,
    findToken: async () => token,
  })
  return {
    blobs: createHttpBlobStore(connection),
    entries: createHttpEntryStore(connection),
    [Symbol.asyncDispose]: async () => await http[Symbol.asyncDispose](),
  }
}

import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createClient } from '@taskvault/core'
import cacache from 'cacache'

/** What both stores can do: keep bytes under a key and give them back, whole or streamed. */
export interface ResultStore {
  put(key: string, data: Buffer): Promise<void>
  putStream(key: string, chunks: AsyncIterable<Uint8Array>): Promise<void>
  get(key: string): Promise<Uint8Array>
  getStream(key: string): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** The vault of the current directory through the SDK; the key is the task's input. */
export async function openTaskVault(): Promise<ResultStore> {
  const client = await createClient(join(process.cwd(), '.taskvault', 'config.yaml'))
  return {
    put: async (key, data) => void (await client.cacheResult('bench', Buffer.from(key), data)),
    putStream: async (key, chunks) => {
      await client.cacheResult('bench', Buffer.from(key), chunks)
    },
    get: async (key) => {
      const [data] = await client.getCachedResult('bench', Buffer.from(key))
      return found(data, key)
    },
    async *getStream(key) {
      yield* found(await client.openCachedResult('bench', Buffer.from(key)), key)
    },
    close: () => client.close(),
  }
}

/** npm's own store below a directory. */
export function openCacache(directory: string): ResultStore {
  const cache = join(directory, 'cacache')
  return {
    put: async (key, data) => void (await cacache.put(cache, key, data)),
    putStream: (key, chunks) => pipeline(Readable.from(chunks), cacache.put.stream(cache, key)),
    get: async (key) => (await cacache.get(cache, key)).data,
    getStream: (key) => cacache.get.stream(cache, key),
    close: async () => undefined,
  }
}

function found<Value>(value: Value | undefined, key: string): Value {
  if (value === undefined) throw new Error(`${key} is not there`)
  return value
}

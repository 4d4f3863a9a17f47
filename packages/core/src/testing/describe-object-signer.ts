import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { ObjectStore, SignedRequest } from '../remote/objects/object-store.ts'
import { contentOf } from './describe-object-store.ts'
import { readAll, sampleBytes } from './sample-blobs.ts'

/** What the signer of a bucket promises. @param open gives an empty store at each call. */
export function describeObjectSigner(name: string, open: () => Promise<ObjectStore>): void {
  describe(`requests that others may send: ${name}`, () => {
    test('a signed download gives the object', async () => {
      const store = await open()
      await store.putIfAbsent('a/b', contentOf(sampleBytes(100_000)))

      const response = await send(await signerOf(store).signGet('a/b', 60))

      expect(response.status).toBe(200)
      expect(Buffer.from(await response.arrayBuffer())).toEqual(sampleBytes(100_000))
    })

    test('a signed upload stores the bytes that it was signed for, once', async () => {
      const store = await open()
      const bytes = sampleBytes(100_000)
      const request = await signUpload(store, bytes)

      const first = await send(request, bytes)
      const second = await send(request, bytes)

      expect([first.status, second.status]).toEqual([200, 412])
      expect(await readAll(await store.get('a/b'))).toEqual(bytes)
    })

    test.each<readonly [string, (request: SignedRequest) => SignedRequest, Buffer]>([
      ['other bytes', (request) => request, Buffer.alloc(100_000, 7)],
      ['fewer bytes', (request) => request, sampleBytes(99_999)],
      [
        'a header left out',
        (request) => ({ ...request, headers: without(request.headers, 'if-none-match') }),
        sampleBytes(100_000),
      ],
      [
        'another digest',
        (request) => ({
          ...request,
          headers: {
            ...request.headers,
            'x-amz-content-sha256': sha256Of(sampleBytes(99_999)),
          },
        }),
        sampleBytes(99_999),
      ],
      [
        'another key',
        (request) => ({ ...request, url: request.url.replace('a/b', 'a/c') }),
        sampleBytes(100_000),
      ],
    ])('a signed upload is refused with %s', async (_, change, bytes) => {
      const store = await open()
      const request = await signUpload(store, sampleBytes(100_000))

      const response = await send(change(request), bytes)

      expect(response.status).toBeGreaterThanOrEqual(400)
      expect(await store.head('a/b')).toBeUndefined()
      expect(await store.head('a/c')).toBeUndefined()
    })
  })
}

function signerOf(store: ObjectStore) {
  if (store.signer === undefined) throw new Error('this store signs nothing')
  return store.signer
}

async function signUpload(store: ObjectStore, bytes: Buffer): Promise<SignedRequest> {
  const content = { sizeBytes: bytes.length, sha256: sha256Of(bytes) }
  return await signerOf(store).signPut('a/b', content, 60)
}

/** Says how many bytes come, whatever was signed. */
async function send({ method, url, headers }: SignedRequest, body?: Buffer): Promise<Response> {
  return await fetch(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-length': String(body.length) }) },
    ...(body !== undefined && { body: new Uint8Array(body) }),
  })
}

function without(headers: SignedRequest['headers'], name: string): SignedRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name))
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

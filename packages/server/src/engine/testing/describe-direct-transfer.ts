import type { ObjectStore, SignedRequest } from '@taskvault/core'
import { expect, test } from 'vitest'
import { openDatabase } from '../../database/open-database.ts'
import { temporarySqlite } from '../../testing/temporary-database.ts'
import { openTestEngine } from './open-engine.ts'
import type { TestEngine } from './open-engine.ts'
import {
  ADMIN,
  MAINTAINER,
  PULL,
  draftOf,
  readBlob,
  sampleBlob,
  save,
  send,
  writerOf,
} from './sample-entries.ts'
import type { SampleBlob } from './sample-entries.ts'

/** What holds when clients talk to the bucket themselves. @param openBucket gives an empty one. */
export function describeDirectTransfer(openBucket: () => Promise<ObjectStore>): void {
  const open = async (
    given: Partial<Parameters<typeof openTestEngine>[1]> = {},
  ): Promise<TestEngine> => {
    const opened = await openDatabase(temporarySqlite())
    return await openTestEngine(opened, { objects: await openBucket(), isDirect: true, ...given })
  }

  test('what is sent straight to the bucket counts once it is confirmed', async () => {
    const { engine } = await open()
    const blob = sampleBlob(Buffer.alloc(100_000, 1))
    const [plan] = await engine.planUploads(MAINTAINER, [blob])

    expect(await engine.confirmUploads(MAINTAINER, [blob])).toEqual([blob.name])
    expect(await sendTo(plan!.direct!, blob.content)).toBe(200)
    expect(await engine.findMissing(MAINTAINER, [blob.name])).toEqual([blob.name])
    expect(await engine.confirmUploads(MAINTAINER, [blob])).toEqual([])

    expect(await readBlob(engine, MAINTAINER, blob)).toEqual(blob.content)
    expect(await engine.planUploads(MAINTAINER, [blob])).toEqual([])
    expect(await engine.publish(MAINTAINER, draftOf('k', [blob]))).toMatchObject({
      kind: 'published',
    })
    const download = await engine.signDownload(MAINTAINER, blob.name)
    const answer = await fetch(download!.url, { headers: download!.headers })
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(blob.content)
  })

  test('the bucket refuses other bytes, and a second time', async () => {
    const { engine } = await open()
    const blob = sampleBlob(Buffer.alloc(50_000, 2))
    const [plan] = await engine.planUploads(MAINTAINER, [blob])

    expect(await sendTo(plan!.direct!, Buffer.alloc(50_000, 3))).toBeGreaterThanOrEqual(400)
    expect(await sendTo(plan!.direct!, Buffer.alloc(49_999, 2))).toBeGreaterThanOrEqual(400)
    expect(await engine.confirmUploads(MAINTAINER, [blob])).toEqual([blob.name])

    expect(await sendTo(plan!.direct!, blob.content)).toBe(200)
    expect(await sendTo(plan!.direct!, blob.content)).toBe(412)
    expect(await engine.confirmUploads(MAINTAINER, [blob])).toEqual([])
  })

  test('two jobs that send the same blob share one object', async () => {
    const { engine } = await open()
    const blob = sampleBlob()
    const [first] = await engine.planUploads(MAINTAINER, [blob])
    const [second] = await engine.planUploads(MAINTAINER, [blob])

    expect(await sendTo(first!.direct!, blob.content)).toBe(200)
    expect(await sendTo(second!.direct!, blob.content)).toBe(412)

    expect(await engine.confirmUploads(MAINTAINER, [blob])).toEqual([])
    expect(await engine.confirmUploads(MAINTAINER, [blob])).toEqual([])
    expect(await engine.stats(MAINTAINER)).toMatchObject({ storedBytes: blob.sizeBytes })
  })

  test('scopes share no objects: nobody gets bytes by naming their digest', async () => {
    const { engine } = await open()
    const secret = sampleBlob('of another pull request')
    await save(engine, writerOf(PULL), { key: 'k', blob: secret })

    const [plan] = await engine.planUploads(MAINTAINER, [secret])

    expect(plan?.direct).toBeDefined()
    expect(await engine.confirmUploads(MAINTAINER, [secret])).toEqual([secret.name])
    expect(await engine.signDownload(MAINTAINER, secret.name)).toBeUndefined()
  })

  test('bytes of another size than announced do not count', async () => {
    const { engine } = await open()
    const blob = sampleBlob(Buffer.alloc(1_000, 4))
    const lie = { ...blob, sizeBytes: 10 }
    const [plan] = await engine.planUploads(MAINTAINER, [lie])

    // Nor are they taken: they would lie there uncounted.
    expect(await sendTo(plan!.direct!, blob.content)).toBe(403)
    expect(await engine.confirmUploads(MAINTAINER, [lie])).toEqual([blob.name])
    expect(await engine.confirmUploads(MAINTAINER, [blob])).toEqual([blob.name])
  })

  test('what was planned counts against the quota, until it is given up', async () => {
    const { engine, advance } = await open({ limits: { scopeBytes: 250 } })
    const blobs = [sampleBlob(), sampleBlob(), sampleBlob()]
    const objects = blobs.map(({ name }) => name)
    const [plan] = await engine.planUploads(MAINTAINER, blobs.slice(0, 2))
    await sendTo(plan!.direct!, blobs[0]!.content)

    await expect(engine.planUploads(MAINTAINER, blobs)).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
    })
    advance(2 * 60 * 60_000)
    await engine.collect()

    expect(await engine.stats(ADMIN)).toMatchObject({ storedBytes: 0 })
    expect(await engine.planUploads(MAINTAINER, blobs.slice(1))).toHaveLength(2)
    expect(await engine.confirmUploads(MAINTAINER, blobs)).toEqual(objects)
  })

  test('where callers may not reach the bucket, everything goes through the server', async () => {
    const { engine } = await open({ isDirect: false })
    const blob = sampleBlob(Buffer.alloc(300_000, 5))

    const plans = await engine.planUploads(MAINTAINER, [blob])
    await send(engine, MAINTAINER, blob)

    expect(plans).toEqual([{ name: blob.name, sizeBytes: blob.sizeBytes, direct: undefined }])
    expect(await engine.signDownload(MAINTAINER, blob.name)).toBeUndefined()
    expect(await readBlob(engine, MAINTAINER, blob)).toEqual(blob.content)
  })
}

/** Says how many bytes come, whatever was signed. */
async function sendTo(
  { method, url, headers: signed }: SignedRequest,
  body: SampleBlob['content'],
): Promise<number> {
  const headers = { ...signed, 'content-length': String(body.length) }
  const answer = await fetch(url, { method, headers, body: new Uint8Array(body) })
  await answer.arrayBuffer()
  return answer.status
}

/*
 * Speaks to a TaskVault server: stores what others then ask for, or moves many bytes in either
 * direction, through the server or past it.
 */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createRandomBytes } from '../data/generated-tree.ts'

interface Job {
  readonly url: string
  readonly key: string
  readonly kind: 'fill' | 'upload' | 'download' | 'direct'
  /** Bytes of each blob. */
  readonly sizes: readonly number[]
  readonly seed: string
  readonly result: string
}

const job = JSON.parse(process.argv[2] ?? '') as Job
const blobs = job.sizes.map((sizeBytes, index) => {
  const bytes = createRandomBytes(`${job.seed} ${index}`)(sizeBytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { name: `sha256-${sha256}`, sizeBytes, sha256, bytes }
})
const { token } = (await json(await ask('/v1/session', { method: 'POST' }))) as { token: string }

const work = { fill, upload, download, direct }
await work[job.kind]()
const names = blobs.map(({ name }) => name)
writeFileSync(job.result, JSON.stringify({ token, names }))

/** Blobs, and an entry that needs them. */
async function fill(): Promise<void> {
  await upload()
  const [manifest, ...packs] = blobs.map(({ name, sizeBytes }) => ({ name, sizeBytes }))
  const draft = {
    manifest,
    packs,
    sizeBytes: 1,
    fileCount: 1,
    exitCode: 0,
    durationMs: 1,
    origin: {},
  }
  await ask(`/v1/tasks/bench/entries/${'ab'.repeat(32)}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(draft),
  })
}

async function upload(): Promise<void> {
  for (const { name, bytes } of blobs) {
    await ask(`/v1/blobs/${name}`, { method: 'PUT', body: new Uint8Array(bytes) })
  }
}

async function download(): Promise<void> {
  for (const { name, sizeBytes } of blobs) {
    const { body } = await ask(`/v1/blobs/${name}`)
    let got = 0
    for await (const chunk of body ?? []) got += chunk.byteLength
    if (got !== sizeBytes) throw new Error(`got ${got} bytes of ${sizeBytes}`)
  }
}

/** As clients do it: plan, send to the bucket, confirm; then ask where each blob is. */
async function direct(): Promise<void> {
  const rows = blobs.map(({ name, sizeBytes, sha256 }) => ({ name, sizeBytes, sha256 }))
  const { uploads } = (await post('/v1/blobs/uploads', { blobs: rows })) as {
    uploads: { name: string; url: string; headers: Record<string, string> }[]
  }
  for (const { name, url, headers } of uploads) {
    const blob = blobs.find((each) => each.name === name)
    if (!url.startsWith('http') || blob === undefined)
      throw new Error(`not past the server: ${url}`)
    await fetch(url, { method: 'PUT', headers, body: new Uint8Array(blob.bytes) })
  }
  const confirmed = await post('/v1/blobs/confirm', { blobs: rows })
  if (JSON.stringify(confirmed) !== '{"missing":[]}') throw new Error(JSON.stringify(confirmed))
  for (const { name } of blobs) {
    const found = await ask(`/v1/blobs/${name}`, { redirect: 'manual' })
    if (found.status !== 307) throw new Error(`not past the server: ${found.status}`)
  }
}

async function post(path: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  return await json(await ask(path, { method: 'POST', headers, body: JSON.stringify(body) }))
}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const bearer = path === '/v1/session' ? job.key : token
  const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${bearer}` }
  const answer = await fetch(new URL(path, job.url), { ...init, headers })
  if (answer.status < 400) return answer
  throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
}

async function json(answer: Response): Promise<unknown> {
  return await answer.json()
}

/*
 * Puts or gets entries through one store, one call after the other, and writes what it measured:
 * operations per second and the median time of one. Runs in a process of its own, so that peak memory
 * and warmed code belong to one store alone.
 */
import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs'
import { createRandomBytes } from '../data/generated-tree.ts'
import { median } from '../measure/statistics.ts'
import { type ResultStore, openCacache, openTaskVault } from './result-stores.ts'

interface Job {
  readonly store: 'taskvault' | 'cacache'
  readonly operation: 'put' | 'get'
  readonly directory: string
  readonly result: string
  readonly count: number
  readonly sizeBytes: number
  readonly source: 'buffer' | 'file' | 'generated'
}

const CHUNK_BYTES = 64 * 1024

const job = JSON.parse(process.argv[2] ?? '') as Job
const store = job.store === 'taskvault' ? await openTaskVault() : openCacache(job.directory)
const times = job.operation === 'put' ? await putAll(store) : await getAll(store)
await store.close()
const totalMs = times.reduce((sum, time) => sum + time, 0)
const figures = { opsPerSecond: (times.length / totalMs) * 1000, p50Ms: median(times) }
writeFileSync(job.result, JSON.stringify(figures))

async function putAll(target: ResultStore): Promise<number[]> {
  const putTimes: number[] = []
  for (let index = 0; index < job.count; index += 1) {
    const put = prepare(target, index)
    const before = performance.now()
    await put()
    putTimes.push(performance.now() - before)
  }
  return putTimes
}

/** Makes the data before the clock starts, except what is too large to be held. */
function prepare(target: ResultStore, index: number): () => Promise<void> {
  if (job.source === 'generated') return () => target.putStream(keyOf(index), generated(index))
  const data = job.source === 'file' ? programBytes(index) : randomBytes(index)
  if (job.source === 'file') return () => target.putStream(keyOf(index), slicesOf(data))
  return () => target.put(keyOf(index), data)
}

async function getAll(source: ResultStore): Promise<number[]> {
  const getTimes: number[] = []
  for (let index = 0; index < job.count; index += 1) {
    const before = performance.now()
    const sizeBytes = await getOne(source, keyOf(index))
    getTimes.push(performance.now() - before)
    if (sizeBytes !== job.sizeBytes) throw new Error(`got ${sizeBytes} bytes of ${job.sizeBytes}`)
  }
  if (job.source === 'buffer') await assertContent(source)
  return getTimes
}

async function getOne(source: ResultStore, key: string): Promise<number> {
  if (job.source === 'buffer') return (await source.get(key)).byteLength
  let sizeBytes = 0
  for await (const chunk of source.getStream(key)) sizeBytes += chunk.byteLength
  return sizeBytes
}

async function assertContent(source: ResultStore): Promise<void> {
  const last = job.count - 1
  const got = await source.get(keyOf(last))
  if (!randomBytes(last).equals(got)) throw new Error('got other bytes than were put')
}

function keyOf(index: number): string {
  return `entry ${index} of ${job.count}`
}

function randomBytes(index: number): Buffer {
  return createRandomBytes(`entry ${index}`)(job.sizeBytes)
}

/** A real binary, other bytes for each entry: part of the program that runs this. */
function programBytes(index: number): Buffer {
  const data = Buffer.alloc(job.sizeBytes)
  const program = openSync(process.execPath, 'r')
  const spareBytes = Math.max(0, statSync(process.execPath).size - job.sizeBytes)
  readSync(program, data, 0, data.length, Math.min(spareBytes, 4096))
  closeSync(program)
  for (let offset = 0; offset < data.length; offset += 1) data[offset] = (data[offset] ?? 0) ^ index
  return data
}

async function* slicesOf(data: Buffer): AsyncIterable<Uint8Array> {
  for (let offset = 0; offset < data.length; offset += CHUNK_BYTES) {
    yield data.subarray(offset, offset + CHUNK_BYTES)
  }
}

async function* generated(index: number): AsyncIterable<Uint8Array> {
  const random = createRandomBytes(`entry ${index}`)
  for (let done = 0; done < job.sizeBytes; done += CHUNK_BYTES) yield random(CHUNK_BYTES)
}

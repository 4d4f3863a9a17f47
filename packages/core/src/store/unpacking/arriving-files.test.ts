import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createArrivingFiles } from './arriving-files.ts'
import type { ArrivingFiles } from './arriving-files.ts'
import type { FrameLocation } from './frame-reader.ts'
import type { WaitingFile } from './waiting-file.ts'

test('files of sixteen frames that are written are given together', async () => {
  const line = openLine()
  for (let frame = 0; frame < 18; frame += 1) line.add([frameOf(1, frame)])

  for (let frame = 0; frame < 15; frame += 1) await line.write(1, frame)
  expect(line.given).toEqual([])
  await line.write(1, 15)
  expect(line.given).toHaveLength(1)
  const finishing = line.files.finish()
  await line.write(1, 16)
  await line.write(1, 17)
  await finishing

  expect(line.given.map((files) => files.length)).toEqual([16, 2])
})

test('a file of several frames is given when the last of them is written, in each of its packs', async () => {
  const line = openLine()
  line.add([frameOf(1, 5), frameOf(1, 2), frameOf(2, 0)])
  const finishing = line.files.finish()

  await line.write(1, 2)
  await line.write(2, 0)
  expect(line.given).toEqual([])
  await line.write(1, 5)
  await finishing

  expect(line.given.flat()).toHaveLength(1)
})

test('finishing waits until the files that came last are given', async () => {
  const line = openLine(20)
  line.add([frameOf(1, 0)])
  const finishing = line.files.finish()

  await line.write(1, 0)
  await finishing

  expect(line.given.flat()).toHaveLength(1)
})

test('finishing fails as a frame does that will not be written', async () => {
  const line = openLine()
  line.add([frameOf(1, 0)])
  line.add([frameOf(2, 0), frameOf(1, 1)])

  line.fail(new Error('cut off'))

  await expect(line.files.finish()).rejects.toThrow('cut off')
  expect(line.given).toEqual([])
})

test('finishing fails as the one does to whom the files are given', async () => {
  const line = openLine()
  line.refuse(new Error('disk full'))
  for (let frame = 0; frame < 9; frame += 1) {
    line.add([frameOf(1, frame)])
    await line.write(1, frame)
  }

  await expect(line.files.finish()).rejects.toThrow('disk full')
})

test('a content without a frame is given at once', async () => {
  const line = openLine()

  line.add([])
  await line.files.finish()

  expect(line.given.flat()).toHaveLength(1)
})

interface Line {
  readonly files: ArrivingFiles
  /** Files, as they were given. */
  readonly given: WaitingFile[][]
  add(frames: readonly FrameLocation[]): void
  /** A frame of a pack is written. */
  write(pack: number, frame: number): Promise<void>
  /** Nothing more is written. */
  fail(reason: Error): void
  /** Whoever is given files fails. */
  refuse(reason: Error): void
}

function openLine(takesMs = 0): Line {
  const written = new Map<string, PromiseWithResolvers<void>>()
  const given: WaitingFile[][] = []
  let refusal: Error | undefined
  const of = (name: string): PromiseWithResolvers<void> => {
    const known = written.get(name) ?? Promise.withResolvers<void>()
    written.set(name, known)
    return known
  }
  const pool = {
    async addTogether(files: readonly WaitingFile[]) {
      if (takesMs > 0) await delay(takesMs)
      if (refusal !== undefined) throw refusal
      given.push([...files])
    },
  }
  const files = createArrivingFiles(pool, async (frame) => await of(nameOf(frame)).promise)
  return {
    files,
    given,
    add(frames) {
      const [frame] = frames
      const source = { describe: () => raise(), finish: () => {} }
      const slices = frames.map((one) => ({
        digest: Buffer.alloc(0),
        frame: one,
        offset: 0,
        length: 1,
      }))
      void files.add({ source, index: 0, frame, offset: 0 }, slices)
    },
    async write(pack, frame) {
      of(nameOf(frameOf(pack, frame))).resolve()
      await delay(0)
    },
    fail(reason) {
      for (const { reject } of written.values()) reject(reason)
    },
    refuse: (reason) => void (refusal = reason),
  }
}

function raise(): never {
  throw new Error('nothing is made here')
}

const frames = new Map<string, FrameLocation>()

/** The same one for the same numbers: by it, files are held. */
function frameOf(pack: number, frame: number): FrameLocation {
  const location = { descriptor: pack, position: frame * 100 }
  const known = frames.get(nameOf(location)) ?? {
    ...location,
    storedBytes: 100,
    rawBytes: 100,
    codec: 'stored',
  }
  frames.set(nameOf(location), known)
  return known
}

function nameOf({ descriptor, position }: Pick<FrameLocation, 'descriptor' | 'position'>): string {
  return `${descriptor} ${position}`
}

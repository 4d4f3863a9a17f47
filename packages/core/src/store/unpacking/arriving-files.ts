import { setImmediate } from 'node:timers/promises'
import type { FrameLocation } from './frame-reader.ts'
import type { Slice } from './unpack-batch.ts'
import type { UnpackPool } from './unpack-pool.ts'
import type { WaitingFile } from './waiting-file.ts'

/** Gives files to a pool when the frames are written that their contents lie in. */
export interface ArrivingFiles {
  /** Takes a file to make; its directory exists. A promise when others should have their turn. */
  add(file: WaitingFile, slices: readonly Slice[]): Promise<void> | undefined
  /** Resolves when all files are with the pool. @throws why a frame will not be written. */
  finish(): Promise<void>
}

/** Files after which frames are let arrive. */
const NOTED_AFTER_FILES = 500
/**
 * Frames of a pack whose files are given together. Large files go from one frame to the next, which is
 * unpacked once more where the two are not given together.
 */
const FRAMES_TOGETHER = 16

export function createArrivingFiles(
  pool: Pick<UnpackPool, 'addTogether'>,
  untilWritten: (frame: FrameLocation) => Promise<void>,
): ArrivingFiles {
  /** By the descriptors of their frames. */
  const packs = new Map<number, ComingPack>()
  const arrivals: Promise<void>[] = []
  let giving: Promise<void> = Promise.resolve()
  let added = 0
  let isComplete = false

  function packOf({ descriptor }: FrameLocation): ComingPack {
    const known = packs.get(descriptor) ?? {
      held: new Map(),
      ready: [],
      readyFrames: new Set<FrameLocation>(),
      isInTurn: false,
    }
    packs.set(descriptor, known)
    return known
  }

  /** What has arrived when its turn comes goes with it. */
  async function giveReady(pack: ComingPack): Promise<void> {
    const files = pack.ready
    pack.ready = []
    pack.readyFrames.clear()
    pack.isInTurn = false
    await pool.addTogether(files)
  }

  function give(pack: ComingPack): void {
    if (pack.isInTurn) return
    pack.isInTurn = true
    giving = giving.then(async () => await giveReady(pack))
    // A failure is met by `finish`, not as an unhandled rejection before that.
    giving.catch(() => {})
  }

  function giveIfEnough(pack: ComingPack): void {
    const isLast = isComplete && pack.held.size === 0
    if (pack.readyFrames.size >= FRAMES_TOGETHER || isLast) give(pack)
  }

  function when(arrived: Promise<unknown>, then: () => void): void {
    const done = arrived.then(then)
    done.catch(() => {})
    arrivals.push(done)
  }

  function hold(file: WaitingFile, frame: FrameLocation): void {
    const pack = packOf(frame)
    const others = pack.held.get(frame)
    if (others !== undefined) return void others.push(file)
    const files = [file]
    pack.held.set(frame, files)
    when(untilWritten(frame), () => {
      pack.held.delete(frame)
      makeReady(files, frame)
    })
  }

  function makeReady(files: readonly WaitingFile[], frame: FrameLocation): void {
    const pack = packOf(frame)
    for (const file of files) pack.ready.push(file)
    pack.readyFrames.add(frame)
    giveIfEnough(pack)
  }

  return {
    add(file, slices) {
      const lasts = findLasts(slices)
      const last = lasts.at(-1)
      // No writer of ours cuts a content into nothing.
      if (last === undefined) return pool.addTogether([file])
      if (lasts.length === 1) hold(file, last)
      else when(Promise.all(lasts.map(untilWritten)), () => makeReady([file], last))
      added += 1
      return added % NOTED_AFTER_FILES === 0 ? setImmediate() : undefined
    },
    async finish() {
      isComplete = true
      for (const pack of packs.values()) giveIfEnough(pack)
      await Promise.all(arrivals)
      await giving
    },
  }
}

/** A pack on its way, and the files that wait for it. */
interface ComingPack {
  /** Those that need this pack alone, by the frame that is written last of those that they need. */
  readonly held: Map<FrameLocation, WaitingFile[]>
  /** Those of which all frames are written. */
  ready: WaitingFile[]
  readonly readyFrames: Set<FrameLocation>
  /** Whether these are about to be given. */
  isInTurn: boolean
}

/** In each pack, the frame that is written last. */
function findLasts(slices: readonly Slice[]): FrameLocation[] {
  const lasts = new Map<number, FrameLocation>()
  for (const { frame } of slices) {
    const other = lasts.get(frame.descriptor)
    if (other === undefined || other.position < frame.position) lasts.set(frame.descriptor, frame)
  }
  return [...lasts.values()]
}

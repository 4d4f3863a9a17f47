import type { Frame } from './pack-index.ts'

/*
 * When an entry of a remote store is fetched in parts, or used in part: what to ask before, and which bytes of its
 * packs to ask for. Everything here is arithmetic; docs/adr/0031 has the reasons.
 */

/** Less than this has come whole sooner than a further question is answered. */
const LEAST_BYTES = 4 * 1024 * 1024
/** Bytes between two frames that come sooner than a further question is answered. */
const NEAR_BYTES = 1024 * 1024
/** One part of so many may be missing: of more, whole packs cost less than to pack it again. */
const MOST_MISSING = 3
/** One part of so many may be index: of more, little is gained. */
const MOST_INDEX = 4
const LEAST_END_BYTES = 64 * 1024
/** An index is about so small a part of its pack, if its contents are small files. */
const USUAL_INDEX = 64

export interface WantedEntry {
  /** Of the packs that this store lacks. */
  readonly packBytes: number
  /** Of all outputs. */
  readonly sizeBytes: number
  /** Of the outputs of the largest entry here that may have much in common with it; 0 without one. */
  readonly kinBytes: number
}

/** Whether to ask what is in an entry's packs, before they are fetched. */
export function isWorthAsking({ packBytes, sizeBytes, kinBytes }: WantedEntry): boolean {
  return packBytes >= LEAST_BYTES && kinBytes > 0 && kinBytes * 2 >= sizeBytes
}

/** How many bytes of a pack's end to ask for, so that its index is among them as a rule. */
export function endBytesOf(packBytes: number): number {
  return Math.min(packBytes, Math.max(LEAST_END_BYTES, Math.ceil(packBytes / USUAL_INDEX)))
}

/**
 * From here on, a restore that makes files while packs arrive saves more than the questions take that it asks
 * for it (docs/adr/0035).
 */
const LEAST_ARRIVING_BYTES = 16 * 1024 * 1024
/** The ends of all packs are in memory meanwhile, which is a 32nd of this. */
const MOST_ARRIVING_BYTES = 2 * 1024 * 1024 * 1024
/** An index and the nodes before it are about so small a part of their pack. */
const USUAL_END = 32

/** Each of them is open meanwhile; writers make far fewer of so many bytes. */
const MOST_ARRIVING_PACKS = 200

/** Whether to make files before all packs are here, of those that are not. */
export function isWorthBeginning({ packBytes, packCount }: MissingPacks): boolean {
  if (packCount > MOST_ARRIVING_PACKS) return false
  return packBytes >= LEAST_ARRIVING_BYTES && packBytes <= MOST_ARRIVING_BYTES
}

export interface MissingPacks {
  readonly packBytes: number
  readonly packCount: number
}

/** How many bytes of a pack's end to ask for, so that its index and its nodes are among them as a rule. */
export function nodeBytesOf(packBytes: number): number {
  return Math.min(packBytes, Math.max(LEAST_END_BYTES, Math.ceil(packBytes / USUAL_END)))
}

/** Whether an index is small enough to be worth its bytes; `endBytes` with what follows it. */
export function isIndexSmall(endBytes: number, packBytes: number): boolean {
  return endBytes <= Math.max(endBytesOf(packBytes), Math.floor(packBytes / MOST_INDEX))
}

/** Frames that follow one another, and where they begin and end in their pack. */
export interface FrameRun {
  readonly firstFrame: number
  /** The one after the last. */
  readonly endFrame: number
  readonly start: number
  readonly end: number
}

/**
 * The runs of frames that hold all of `wanted`; those that are near each other are one.
 * @param wanted numbers of frames, ascending.
 */
export function planRuns(
  wanted: readonly number[],
  { frames, offsets }: { readonly frames: readonly Frame[]; readonly offsets: readonly number[] },
): readonly FrameRun[] {
  const runs: FrameRun[] = []
  for (const frame of wanted) {
    const start = offsets[frame] as number
    const end = start + (frames[frame] as Frame).storedBytes
    const last = runs.at(-1)
    if (last !== undefined && start - last.end <= NEAR_BYTES)
      runs[runs.length - 1] = { ...last, endFrame: frame + 1, end }
    else runs.push({ firstFrame: frame, endFrame: frame + 1, start, end })
  }
  return runs
}

/** Whether so little of an entry's packs is missing that it is fetched by itself. */
export function isLittle(runBytes: number, packBytes: number): boolean {
  return runBytes * MOST_MISSING <= packBytes
}

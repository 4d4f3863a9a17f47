import { readFileSync, rmSync, writeFileSync } from 'node:fs'

/** What disks, power cuts and people do to a file. */
export type Damage =
  | 'flipped'
  | 'cut'
  | 'emptied'
  | 'zeroed'
  | 'garbage'
  | 'page-copied'
  | 'extended'
  | 'gone'

export const DAMAGES: readonly Damage[] = [
  'flipped',
  'cut',
  'emptied',
  'zeroed',
  'garbage',
  'page-copied',
  'extended',
  'gone',
]

type Random = () => number

/** Damages a file, which gets new bytes rather than being written over: other names of it stay sound. */
export function spoilFile(file: string, damage: Damage, random: Random): void {
  if (damage === 'gone') return rmSync(file)
  const spoiled = spoil(readFileSync(file), damage, random)
  rmSync(file)
  writeFileSync(file, spoiled)
}

function spoil(bytes: Buffer, damage: Exclude<Damage, 'gone'>, random: Random): Buffer {
  switch (damage) {
    case 'flipped':
      return flip(bytes, random)
    case 'cut':
      return bytes.subarray(0, below(bytes.length, random))
    case 'emptied':
      return Buffer.alloc(0)
    case 'zeroed':
      return overRange(bytes, random, (range) => range.fill(0))
    case 'garbage':
      return overRange(bytes, random, (range) => fillWithNoise(range, random))
    case 'page-copied':
      return copyPage(bytes, random)
    case 'extended':
      return Buffer.concat([bytes, fillWithNoise(Buffer.alloc(1 + below(5_000, random)), random)])
  }
}

function flip(bytes: Buffer, random: Random): Buffer {
  for (let bits = 1 + below(4, random); bits > 0 && bytes.length > 0; bits -= 1) {
    const at = below(bytes.length, random)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8, random))
  }
  return bytes
}

/** Anything from a byte to a few sectors, as disks lose them. */
function overRange(bytes: Buffer, random: Random, change: (range: Buffer) => void): Buffer {
  const start = below(bytes.length, random)
  const length = random() < 0.5 ? 1 + below(64, random) : 512 * (1 + below(16, random))
  change(bytes.subarray(start, start + length))
  return bytes
}

const PAGE_BYTES = 4_096

/** What a write that went to the wrong place leaves. */
function copyPage(bytes: Buffer, random: Random): Buffer {
  const pages = Math.ceil(bytes.length / PAGE_BYTES)
  const [from, to] = [below(pages, random) * PAGE_BYTES, below(pages, random) * PAGE_BYTES]
  bytes.copy(bytes, to, from, from + PAGE_BYTES)
  return bytes
}

function fillWithNoise(range: Buffer, random: Random): Buffer {
  for (let at = 0; at < range.length; at += 1) range[at] = below(256, random)
  return range
}

function below(limit: number, random: Random): number {
  return Math.floor(random() * limit)
}

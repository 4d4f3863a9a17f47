import { TaskVaultError } from '../errors.ts'

/*
 * What a command printed, in the order in which it was read: one line of text that names the format
 * and its version, then records. A record is 32 bits, little-endian (length times four, plus the
 * number of its kind), and that many bytes. Of a log that is too long, the middle is left out, and a
 * record of its own says how much.
 */

/** Where output went: two pipes, or the one terminal that carries both. */
export type LogStream = 'stdout' | 'stderr' | 'terminal'

export type LogPart =
  | { readonly kind: 'output'; readonly stream: LogStream; readonly bytes: Uint8Array }
  /** So many bytes stood here and were not kept. */
  | { readonly kind: 'omitted'; readonly sizeBytes: number }

/** How much of a log is kept: the first and the last blocks. */
export interface LogLimits {
  readonly blockBytes: number
  readonly headBlocks: number
  readonly tailBlocks: number
}

/** The first 16 MiB and the last 16 MiB. */
const DEFAULT_LOG_LIMITS: LogLimits = {
  blockBytes: 256 * 1024,
  headBlocks: 64,
  tailBlocks: 64,
}

/** Takes a log as it comes, in memory that does not grow with its length. */
export interface LogRecorder {
  append(stream: LogStream, bytes: Uint8Array): void
  /** The encoded log. The recorder must not be used afterwards. */
  finish(): Buffer
  /** Bytes of output that the limits have made it drop so far. */
  readonly omittedBytes: number
}

const HEADER = Buffer.from('taskvault-log 1\n')
const KINDS = ['stdout', 'stderr', 'terminal', 'omitted'] as const
const RECORD_HEAD_BYTES = 4
const OMITTED_BYTES = 8

export function createLogRecorder(limits: LogLimits = DEFAULT_LOG_LIMITS): LogRecorder {
  const head: Block[] = []
  const tail: Block[] = []
  let omittedBytes = 0

  const nextBlock = (): Block => {
    const block = tail.length < limits.tailBlocks ? createBlock(limits.blockBytes) : recycleOldest()
    const list = head.length < limits.headBlocks ? head : tail
    list.push(block)
    return block
  }
  const recycleOldest = (): Block => {
    const oldest = tail.shift() ?? createBlock(limits.blockBytes)
    omittedBytes += oldest.outputBytes
    oldest.clear()
    return oldest
  }

  let current: Block | undefined
  return {
    append(stream, bytes) {
      let at = 0
      while (at < bytes.length) {
        current ??= nextBlock()
        const taken = current.take(stream, bytes.subarray(at))
        if (taken === 0) current = undefined
        at += taken
      }
    },
    finish() {
      const gap = omittedBytes === 0 ? [] : [encodeOmitted(omittedBytes)]
      return Buffer.concat([HEADER, ...head.map(written), ...gap, ...tail.map(written)])
    },
    get omittedBytes() {
      return omittedBytes
    },
  }
}

/**
 * Reads an encoded log. The parts' bytes are views of `log`.
 * @throws {TaskVaultError} ENTRY_DAMAGED when it is malformed; FORMAT_UNSUPPORTED when a later version
 * wrote it.
 */
export function parseRecordedLog(log: Uint8Array): readonly LogPart[] {
  const bytes = Buffer.from(log.buffer, log.byteOffset, log.byteLength)
  checkHeader(bytes)
  const parts: LogPart[] = []
  for (let at = HEADER.length; at < bytes.length;) {
    if (bytes.length - at < RECORD_HEAD_BYTES) throw damaged('it ends within a record')
    const word = bytes.readUInt32LE(at)
    at += RECORD_HEAD_BYTES
    const body = bytes.subarray(at, at + (word >>> 2))
    if (body.length !== word >>> 2) throw damaged('it ends within a record')
    if (body.length === 0) throw damaged('it has an empty record')
    parts.push(parsePart(KINDS[word & 3], body))
    at += body.length
  }
  return parts
}

interface Block {
  /** Records as much of `bytes` as fits; 0 when the block is full. */
  take(stream: LogStream, bytes: Uint8Array): number
  clear(): void
  readonly bytes: Buffer
  readonly usedBytes: number
  readonly outputBytes: number
}

function createBlock(capacity: number): Block {
  const bytes = Buffer.allocUnsafeSlow(capacity)
  let usedBytes = 0
  let outputBytes = 0
  let last: { readonly stream: LogStream; readonly at: number; length: number } | undefined

  const extend = (source: Uint8Array): number => {
    if (last === undefined) return 0
    const taken = source.subarray(0, capacity - usedBytes)
    bytes.set(taken, usedBytes)
    usedBytes += taken.length
    outputBytes += taken.length
    last.length += taken.length
    bytes.writeUInt32LE(recordWord(last.stream, last.length), last.at)
    return taken.length
  }
  return {
    take(stream, source) {
      if (last?.stream !== stream) {
        if (capacity - usedBytes <= RECORD_HEAD_BYTES) return 0
        last = { stream, at: usedBytes, length: 0 }
        usedBytes += RECORD_HEAD_BYTES
      }
      return extend(source)
    },
    clear() {
      usedBytes = 0
      outputBytes = 0
      last = undefined
    },
    bytes,
    get usedBytes() {
      return usedBytes
    },
    get outputBytes() {
      return outputBytes
    },
  }
}

function written(block: Block): Buffer {
  return block.bytes.subarray(0, block.usedBytes)
}

function recordWord(kind: (typeof KINDS)[number], length: number): number {
  return ((length << 2) | KINDS.indexOf(kind)) >>> 0
}

function encodeOmitted(sizeBytes: number): Buffer {
  const record = Buffer.alloc(RECORD_HEAD_BYTES + OMITTED_BYTES)
  record.writeUInt32LE(recordWord('omitted', OMITTED_BYTES))
  record.writeBigUInt64LE(BigInt(sizeBytes), RECORD_HEAD_BYTES)
  return record
}

function checkHeader(bytes: Buffer): void {
  if (bytes.subarray(0, HEADER.length).equals(HEADER)) return
  const version = /^taskvault-log (\d{1,4})\n/.exec(bytes.toString('latin1', 0, 24))?.[1]
  if (version === undefined) throw damaged('its first line is malformed')
  throw new TaskVaultError('FORMAT_UNSUPPORTED', `Log format ${version} is not supported`, {
    hint: 'A newer version of TaskVault wrote it: upgrade, or use another cache directory.',
  })
}

function parsePart(kind: (typeof KINDS)[number] | undefined, body: Buffer): LogPart {
  if (kind === undefined) throw damaged('it has a record of an unknown kind')
  if (kind !== 'omitted') return { kind: 'output', stream: kind, bytes: body }
  const sizeBytes = body.length === OMITTED_BYTES ? Number(body.readBigUInt64LE()) : 0
  if (sizeBytes === 0 || !Number.isSafeInteger(sizeBytes)) throw damaged('its gap has no size')
  return { kind: 'omitted', sizeBytes }
}

function damaged(detail: string): TaskVaultError {
  return new TaskVaultError('ENTRY_DAMAGED', `A recorded log is damaged: ${detail}`)
}

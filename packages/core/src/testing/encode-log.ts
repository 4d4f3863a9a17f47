import type { LogPart } from '../model/recorded-log.ts'

/** The numbers of the kinds of records are their places. */
const KINDS = ['stdout', 'stderr', 'terminal', 'omitted'] as const

/** A recorded log of these parts as docs/store-format.md says, made without what the product makes it with. */
export function encodeLog(parts: readonly LogPart[]): Buffer {
  return Buffer.concat([Buffer.from('taskvault-log 1\n'), ...parts.map(encodeRecord)])
}

function encodeRecord(part: LogPart): Buffer {
  const kind = part.kind === 'omitted' ? part.kind : part.stream
  const body = part.kind === 'omitted' ? encodeSize(part.sizeBytes) : part.bytes
  if (body.length === 0) return Buffer.alloc(0)
  const head = Buffer.alloc(4)
  head.writeUInt32LE(body.length * 4 + KINDS.indexOf(kind))
  return Buffer.concat([head, body])
}

function encodeSize(sizeBytes: number): Buffer {
  const body = Buffer.alloc(8)
  body.writeBigUInt64LE(BigInt(sizeBytes))
  return body
}

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeLog } from '../testing/encode-log.ts'
import {
  createLogRecorder,
  parseRecordedLog,
  type LogPart,
  type LogStream,
} from './recorded-log.ts'

const SMALL = { blockBytes: 64, headBlocks: 2, tailBlocks: 3 }

describe('recording', () => {
  test('keeps output in the order in which it came, neighbours of one stream joined', () => {
    const recorder = createLogRecorder()
    recorder.append('stdout', Buffer.from('one '))
    recorder.append('stdout', Buffer.from('two'))
    recorder.append('stderr', Buffer.from('oops'))
    recorder.append('stdout', Buffer.from('three'))

    const parts = parseRecordedLog(recorder.finish())

    expect(parts.map(show)).toEqual(['stdout:one two', 'stderr:oops', 'stdout:three'])
  })

  test('nothing printed is an empty log', () => {
    expect(parseRecordedLog(createLogRecorder().finish())).toEqual([])
  })

  test('any sequence of pieces within the limits comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(streams(), fc.uint8Array({ maxLength: 90 }))), (pieces) => {
        const recorder = createLogRecorder({ blockBytes: 64, headBlocks: 1000, tailBlocks: 1 })
        for (const [stream, bytes] of pieces) recorder.append(stream, bytes)

        const parts = parseRecordedLog(recorder.finish())

        expect(joined(parts)).toEqual(
          joined(pieces.map(([stream, bytes]) => ({ kind: 'output', stream, bytes }))),
        )
      }),
    )
  })

  test('of a long log the beginning and the end are kept, and the gap is counted exactly', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(streams(), fc.uint8Array({ maxLength: 200 })), { maxLength: 60 }),
        (pieces) => {
          const recorder = createLogRecorder(SMALL)
          for (const [stream, bytes] of pieces) recorder.append(stream, bytes)

          const log = recorder.finish()
          const parts = parseRecordedLog(log)

          const whole = Buffer.concat(pieces.map(([, bytes]) => bytes))
          const gap = parts.findIndex((part) => part.kind === 'omitted')
          const before = bytesOf(gap === -1 ? parts : parts.slice(0, gap))
          const after = bytesOf(gap === -1 ? [] : parts.slice(gap + 1))
          const omitted = parts.reduce(
            (sum, part) => sum + (part.kind === 'omitted' ? part.sizeBytes : 0),
            0,
          )
          expect(whole.subarray(0, before.length)).toEqual(before)
          expect(whole.subarray(whole.length - after.length)).toEqual(after)
          expect(before.length + omitted + after.length).toBe(whole.length)
          expect(log.length).toBeLessThanOrEqual(16 + 12 + 5 * 64)
          expect(recorder.omittedBytes).toBe(omitted)
        },
      ),
    )
  })

  test('takes any amount of output in the same memory', () => {
    const recorder = createLogRecorder({ blockBytes: 1024, headBlocks: 2, tailBlocks: 2 })
    const piece = Buffer.alloc(64 * 1024, 'x')
    for (let count = 0; count < 2000; count += 1)
      recorder.append(count % 2 === 0 ? 'stdout' : 'stderr', piece)

    const log = recorder.finish()

    expect(log.length).toBeLessThan(5000)
    expect(recorder.omittedBytes).toBeGreaterThan(2000 * 64 * 1024 - 5000)
  })
})

describe('parsing', () => {
  test('is the reverse of encoding', () => {
    const part = fc.oneof(
      fc.record({
        kind: fc.constant('output' as const),
        stream: streams(),
        bytes: fc.uint8Array({ minLength: 1 }),
      }),
      fc.record({ kind: fc.constant('omitted' as const), sizeBytes: fc.integer({ min: 1 }) }),
    )
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const log = encodeLog(parts)

        expect(encodeLog(parseRecordedLog(log))).toEqual(log)
      }),
    )
  })

  test('refuses a log that was cut anywhere within a record', () => {
    const log = encodeLog([{ kind: 'output', stream: 'stderr', bytes: Buffer.from('some text') }])

    for (let length = 0; length < log.length; length += 1) {
      if (length === 16) continue // after the first line: an empty log
      expect(() => parseRecordedLog(log.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'ENTRY_DAMAGED' }),
      )
    }
  })

  test('never answers arbitrary bytes with anything but parts or a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const log = Buffer.concat([Buffer.from('taskvault-log 1\n'), bytes])
        try {
          expect(encodeLog(parseRecordedLog(log))).toEqual(log)
        } catch (error) {
          expect(error).toMatchObject({ code: 'ENTRY_DAMAGED' })
        }
      }),
    )
  })

  test('refuses an empty record and a gap without a size', () => {
    const header = Buffer.from('taskvault-log 1\n')
    const emptyRecord = Buffer.concat([header, Buffer.from([0, 0, 0, 0])])
    const emptyGap = Buffer.concat([header, Buffer.from([8 * 4 + 3, 0, 0, 0]), Buffer.alloc(8)])

    expect(() => parseRecordedLog(emptyRecord)).toThrow(
      expect.objectContaining({ code: 'ENTRY_DAMAGED' }),
    )
    expect(() => parseRecordedLog(emptyGap)).toThrow(
      expect.objectContaining({ code: 'ENTRY_DAMAGED' }),
    )
  })

  test('names a later version as such', () => {
    expect(() => parseRecordedLog(Buffer.from('taskvault-log 2\nwhatever'))).toThrow(
      expect.objectContaining({ code: 'FORMAT_UNSUPPORTED' }),
    )
  })
})

function streams(): fc.Arbitrary<LogStream> {
  return fc.constantFrom<LogStream[]>('stdout', 'stderr', 'terminal')
}

function show(part: LogPart): string {
  return part.kind === 'omitted'
    ? `omitted:${part.sizeBytes}`
    : `${part.stream}:${Buffer.from(part.bytes)}`
}

function bytesOf(parts: readonly LogPart[]): Buffer {
  return Buffer.concat(parts.map((part) => (part.kind === 'output' ? part.bytes : Buffer.alloc(0))))
}

/** Byte by byte with its stream: equal for logs that differ only in how they were cut. */
function joined(parts: readonly LogPart[]): string[] {
  return parts.flatMap((part) =>
    part.kind === 'omitted' ? ['gap'] : [...part.bytes].map((byte) => `${part.stream} ${byte}`),
  )
}

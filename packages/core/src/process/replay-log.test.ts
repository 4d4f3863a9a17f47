import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import type { LogPart, LogStream } from '../model/recorded-log.ts'
import { encodeLog } from '../testing/encode-log.ts'
import { replayLog } from './replay-log.ts'

test('prints every part to its stream, in order', async () => {
  const printed = await replay([
    output('stdout', 'a'),
    output('stderr', 'b'),
    output('stdout', 'c'),
  ])

  expect(printed).toEqual(['stdout a', 'stderr b', 'stdout c'])
})

test('says on standard error what was not recorded', async () => {
  const printed = await replay([output('stdout', 'start'), { kind: 'omitted', sizeBytes: 42 }])

  expect(printed).toEqual([
    'stdout start',
    'stderr \n[taskvault: 42 bytes of output were not recorded]\n',
  ])
})

test('shows on a terminal what a terminal showed', async () => {
  const printed = await replay([output('terminal', '\u001B[31mred\u001B[0m\r\n')], {
    isTerminal: true,
  })

  // Which makes a return and a line feed of each line feed again.
  expect(printed).toEqual(['stdout \u001B[31mred\u001B[0m\n'])
})

test('shows elsewhere what a terminal showed as plain text', async () => {
  const parts = [
    output('terminal', 'é'.slice(0, 1)),
    output('terminal', '\u001B[31mred\u001B[0m\r\nnext\r\n'),
  ]

  expect(await replay(parts)).toEqual(['stdout éred\nnext\n'])
})

test('a reader that goes away ends the replay, without a failure', async () => {
  const parts = Array.from({ length: 1000 }, (_, index) =>
    output(index % 2 === 0 ? 'stdout' : 'stderr', 'x'),
  )
  const gone = new Writable({ write: (_bytes, _encoding, done) => done(new Error('EPIPE')) })

  await replayLog(encodeLog(parts), {
    output: { stdout: gone, stderr: gone },
    isTerminal: false,
  })

  expect(gone.destroyed).toBe(true)
})

test('prints nothing of a damaged log', async () => {
  const printed: string[] = []
  const log = encodeLog([output('stdout', 'fine')])

  const replayed = replayLog(Buffer.concat([log, Buffer.from([9])]), {
    output: sinks(printed),
    isTerminal: false,
  })

  await expect(replayed).rejects.toMatchObject({ code: 'ENTRY_DAMAGED' })
  expect(printed).toEqual([])
})

async function replay(parts: readonly LogPart[], { isTerminal = false } = {}): Promise<string[]> {
  const printed: string[] = []
  await replayLog(encodeLog(parts), { output: sinks(printed), isTerminal })
  return printed
}

function sinks(printed: string[]): { stdout: Writable; stderr: Writable } {
  const sink = (name: string): Writable =>
    new Writable({
      highWaterMark: 1,
      write: (bytes, _encoding, done) => {
        printed.push(`${name} ${bytes}`)
        setImmediate(done)
      },
    })
  return { stdout: sink('stdout'), stderr: sink('stderr') }
}

function output(stream: LogStream, text: string): LogPart {
  return { kind: 'output', stream, bytes: Buffer.from(text) }
}

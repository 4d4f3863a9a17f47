import { expect, test } from 'vitest'
import { parseRecordedLog } from '../model/recorded-log.ts'
import { createOutputRecorder } from './output-recorder.ts'

test('masks a secret that is cut in two, with other output in between', () => {
  const recorder = createOutputRecorder(['hunter22'])
  recorder.append('stdout', Buffer.from('pw=hunt'))
  recorder.append('stderr', Buffer.from('er22 is no secret here\n'))
  recorder.append('stdout', Buffer.from('er22\n'))

  const parts = parseRecordedLog(recorder.finish())

  const texts = parts.map((part) =>
    part.kind === 'output' ? `${part.stream} ${Buffer.from(part.bytes)}` : part,
  )
  expect(texts).toEqual(['stdout pw=', 'stderr er22 is no secret here\n', 'stdout ***\n'])
})

test('loses nothing that only looked like the start of a secret', () => {
  const recorder = createOutputRecorder(['hunter22'])
  recorder.append('stdout', Buffer.from('hunt'))

  expect(String(recorder.finish())).toContain('hunt')
})

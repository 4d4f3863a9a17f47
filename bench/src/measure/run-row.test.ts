import { expect, test } from 'vitest'
import type { Contestant, Row } from './row.ts'
import { runRow } from './run-row.ts'

test('takes turns, and does not count the round that warms up', () => {
  const taken: string[] = []

  const result = run([recording('ours', taken), recording('peer', taken)], 2)

  expect(taken).toEqual(['ours', 'peer', 'ours', 'peer', 'ours', 'peer'])
  expect(result.contestants.map(({ samples }) => samples.length)).toEqual([2, 2])
})

test('fails the row when our work is not what it should be', () => {
  const idle = { ...recording('ours', []), check: fail('nothing was restored') }

  const result = run([idle, recording('peer', [])], 2)

  expect(result.failure).toBe('nothing was restored')
})

test('goes on without a peer that fails, and says why', () => {
  const broken = { ...recording('peer', []), run: fail('no network') }

  const result = run([recording('ours', []), broken], 2)

  expect(result.contestants.map(({ name }) => name)).toEqual(['ours'])
  expect(result.skipped).toEqual([{ name: 'peer', because: 'no network' }])
})

test('skips a peer whose tool is missing, and says how to get it', () => {
  const peer = { ...recording('peer', []), needs: ['restic'] }

  const result = run([recording('ours', []), peer], 1)

  expect(result.skipped).toEqual([
    { name: 'peer', because: 'restic is not installed (apt-get install restic)' },
  ])
})

test('tears the row down after a failure', () => {
  let isDown = false
  const broken = { ...recording('ours', []), run: fail('broken') }

  runRow({ ...rowOf([broken]), tearDown: () => void (isDown = true) }, roundsOf(1))

  expect(isDown).toBe(true)
})

function run(contestants: readonly Contestant[], count: number): ReturnType<typeof runRow> {
  return runRow(rowOf(contestants), roundsOf(count))
}

function rowOf(contestants: readonly Contestant[]): Row {
  return { name: 'row', operation: 'operation', state: '-', targets: [], contestants }
}

function roundsOf(count: number): Parameters<typeof runRow>[1] {
  const tools = { restic: { kind: 'missing', install: 'apt-get install restic' } } as const
  return { count, tools, report: () => undefined }
}

function recording(name: string, taken: string[]): Contestant {
  const take = (): { wallMs: number } => {
    taken.push(name)
    return { wallMs: taken.length }
  }
  return { name, command: name, run: take }
}

function fail(message: string): () => never {
  return () => {
    throw new Error(message)
  }
}

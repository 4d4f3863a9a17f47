import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { createClient } from './client.ts'
import type { Client } from './client.ts'

/** The client as a program without types has it. */
type Untyped = Record<keyof Client, (...values: readonly unknown[]) => Promise<unknown>>

interface Case {
  readonly call: Exclude<keyof Client, symbol>
  readonly values: readonly unknown[]
  readonly message: string
  readonly hint: string
}

const texts = async (): Promise<Readable> => Readable.from(['a text'])

const CASES: readonly Case[] = [
  { call: 'cacheResult', values: [5], message: 'task: 5 is', hint: 'a string' },
  { call: 'cacheResult', values: ['t'], message: 'input: undefined is', hint: '{ path: … }' },
  { call: 'cacheResult', values: ['t', { path: 5 }, ''], message: 'input: an obj', hint: 'path' },
  { call: 'cacheResult', values: ['t', '', [1]], message: 'output: a list that', hint: 'bytes' },
  { call: 'cacheResult', values: ['t', '', new Uint16Array(1)], message: 'Uint16A', hint: 'bytes' },
  { call: 'getCachedResult', values: [], message: 'task: undefined is', hint: 'a string' },
  { call: 'getCachedResult', values: ['t', '', null], message: 'compute: null', hint: 'function' },
  { call: 'getCachedResult', values: ['t', '', () => 'x'], message: 'result of', hint: 'bytes' },
  { call: 'openCachedResult', values: ['t', null], message: 'input: null is', hint: 'a stream' },
  { call: 'invalidateTask', values: [{}], message: 'task: an object (Object)', hint: 'a string' },
  { call: 'run', values: ['t', 'true'], message: 'options: a string is', hint: 'an object' },
  { call: 'run', values: ['t', { inputs: 3 }], message: 'inputs: 3 is', hint: 'list of strings' },
  {
    call: 'run',
    values: ['t', { outputs: 'dist' }],
    message: 'outputs: a string',
    hint: 'list of',
  },
  {
    call: 'run',
    values: ['t', { output: ['dist'] }],
    message: 'option "output"',
    hint: 'outputs?',
  },
  {
    call: 'run',
    values: ['t', { command: [], stdout: 5 }],
    message: 'stdout: 5',
    hint: 'write to',
  },
]

test.each(CASES)('$call($values) is refused: $message', async ({ call, values, message, hint }) => {
  const client = await openUntyped()

  await expect(client[call](...values)).rejects.toMatchObject({
    code: 'ARGUMENT_INVALID',
    message: expect.stringContaining(message),
    hint: expect.stringContaining(hint),
  })
})

test('a stream that gives texts is neither an input nor an output', async () => {
  const client = await openUntyped()
  const refusal = { code: 'ARGUMENT_INVALID', message: expect.stringContaining('a piece of the') }

  await expect(client.getCachedResult('t', await texts())).rejects.toMatchObject(refusal)
  await expect(client.cacheResult('t', '', await texts())).rejects.toMatchObject(refusal)
})

test('what options of a client may be is checked before anything is opened', async () => {
  const create = createClient as (...values: readonly unknown[]) => Promise<unknown>

  for (const values of [[5], [undefined, { cwd: 5 }], [undefined, { dir: '' }], [undefined, null]])
    await expect(create(...values)).rejects.toMatchObject({ code: 'ARGUMENT_INVALID' })
})

test('no message shows a string that was given, which may be secret', async () => {
  const client = await openUntyped()

  const refusal: unknown = await client
    .run('t', { inputs: 'hunter2' })
    .catch((error: unknown) => error)

  expect(String(refusal)).toContain('inputs: a string')
  expect(String(refusal)).not.toContain('hunter2')
})

test('a client that was closed says so, and may be closed again', async () => {
  const client = await openUntyped()

  await client.close()
  await client.close()

  const calls = [
    client.cacheResult('t', '', ''),
    client.getCachedResult('t', ''),
    client.openCachedResult('t', ''),
    client.invalidateTask('t'),
    client.getStats(),
    client.run('t', { command: 'true' }),
  ]
  for (const call of calls)
    await expect(call).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
      message: 'This client was closed',
    })
})

async function openUntyped(): Promise<Untyped> {
  const cwd = mkdtempSync(join(tmpdir(), 'client-arguments-'))
  const client = await createClient(undefined, { cwd, env: {} })
  onTestFinished(async () => {
    await client.close()
    rmSync(cwd, { recursive: true, force: true })
  })
  return client as unknown as Untyped
}

import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { registerHashAlgorithm } from '../index.ts'
import { createClient } from './client.ts'
import type { Client } from './client.ts'

let root = ''
let client: Client

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'client-'))
  client = await createClient(undefined, { cwd: root, env: { PATH: process.env['PATH'] } })
})

afterEach(async () => {
  await client.close()
  rmSync(root, { recursive: true, force: true })
})

test('the four calls of the product document', async () => {
  const input = Buffer.from('training_data.csv contents')
  const output = Buffer.from('trained_model.pkl contents')

  const cacheKey = await client.cacheResult('train_model', input, output)
  const [cached, hit] = await client.getCachedResult('train_model', input)
  const stats = await client.getStats()
  const invalidated = await client.invalidateTask('train_model')

  expect(cacheKey).toMatch(/^[0-9a-f]{64}$/)
  expect(hit && Buffer.from(cached).equals(output)).toBe(true)
  expect(stats).toMatchObject({ entries: 1, entryBytes: output.length, hits: 1, saves: 1 })
  expect(invalidated).toBe(1)
  expect(await client.getCachedResult('train_model', input)).toEqual([undefined, false])
})

describe('an input', () => {
  test('gives the same key as bytes, text, a stream and a file', async () => {
    writeFileSync(join(root, 'data.csv'), 'a,b\n')

    const keys = [
      await client.cacheResult('t', 'a,b\n', '1'),
      await client.cacheResult('t', Buffer.from('a,b\n'), '1'),
      await client.cacheResult('t', inTwoPieces(), '1'),
      await client.cacheResult('t', { path: join(root, 'data.csv') }, '1'),
    ]

    expect(new Set(keys).size).toBe(1)
    expect(await client.cacheResult('other', 'a,b\n', '1')).not.toBe(keys[0])
  })

  test('at a relative path lies below the directory that the client was given', async () => {
    writeFileSync(join(root, 'data.csv'), 'a,b\n')

    const key = await client.cacheResult('t', { path: 'data.csv' }, '1')

    expect(key).toBe(await client.cacheResult('t', 'a,b\n', '1'))
    expect(await client.getCachedResult('t', { path: './data.csv' })).toMatchObject([{}, true])
  })

  test('that differs in one bit is another', async () => {
    await client.cacheResult('t', Buffer.from([0]), 'zero')
    expect(await client.getCachedResult('t', Buffer.from([1]))).toEqual([undefined, false])
  })
})

test('a hash algorithm that a program registers can be configured, and keeps results', async () => {
  registerHashAlgorithm({
    name: 'sha3-256',
    digestBytes: 32,
    hash: (bytes) => createHash('sha3-256').update(bytes).digest(),
    createHasher: () => createHash('sha3-256'),
  })
  const env = { PATH: process.env['PATH'], TASKVAULT_HASH_ALGORITHM: 'sha3-256' }
  await using own = await createClient(undefined, { cwd: root, env })
  const result = randomBytes(3 * 2 ** 20)

  const key = await own.cacheResult('t', 'input', result)

  const [found] = await own.getCachedResult('t', 'input')
  expect(found !== undefined && result.equals(found)).toBe(true)
  expect(await client.cacheResult('t', 'input', result)).not.toBe(key)
})

test('a missing result is computed once, and kept', async () => {
  let computed = 0
  const compute = (): Uint8Array => {
    computed += 1
    return Buffer.from('model')
  }

  const first = await client.getCachedResult('download', 'bert-base-uncased', compute)
  const second = await client.getCachedResult('download', 'bert-base-uncased', compute)

  expect([first[1], second[1], computed]).toEqual([false, true, 1])
  expect(Buffer.from(second[0]).toString()).toBe('model')
})

test('a result that was computed and cannot be kept is given all the same, and it is said why', async () => {
  await client.close()
  configureSmallResults()
  const troubles: string[] = []
  client = await createClient('.taskvault/config.yaml', {
    cwd: root,
    env: {},
    report: (event) => event.kind === 'trouble' && troubles.push(event.code),
  })

  const [result, wasThere] = await client.getCachedResult('small', 'x', () =>
    Buffer.from('eleven byte'),
  )

  expect([Buffer.from(result).toString(), wasThere]).toEqual(['eleven byte', false])
  expect(troubles).toEqual(['ENTRY_TOO_LARGE'])
})

describe('a result that several ask for at once', () => {
  test('is computed once, and each gets bytes of its own', async () => {
    let computed = 0
    const compute = async (): Promise<Uint8Array> => {
      computed += 1
      await new Promise(setImmediate)
      return Buffer.from('model')
    }

    const found = await Promise.all(
      Array.from({ length: 5 }, async () => await client.getCachedResult('t', 'input', compute)),
    )
    found[0]?.[0].fill(0)

    expect(computed).toBe(1)
    expect(found.map(([, wasThere]) => wasThere)).toEqual([false, true, true, true, true])
    expect(new Set(found.slice(1).map(([bytes]) => Buffer.from(bytes).toString()))).toEqual(
      new Set(['model']),
    )
  })

  test('fails for all of them when it does, and is computed again for the next one', async () => {
    let computed = 0
    const compute = async (): Promise<Uint8Array> => {
      computed += 1
      if (computed === 1) throw new Error('no network')
      return Buffer.from('model')
    }

    const asked = await Promise.allSettled([
      client.getCachedResult('t', 'input', compute),
      client.getCachedResult('t', 'input', compute),
    ])
    const next = await client.getCachedResult('t', 'input', compute)

    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect([Buffer.from(next[0]).toString(), next[1], computed]).toEqual(['model', false, 2])
  })

  test('waits for another client that computes it, as for another process', async () => {
    await using other = await createClient(undefined, { cwd: root, env: {} })
    const begun = Promise.withResolvers<void>()
    const mayEnd = Promise.withResolvers<void>()
    let computed = 0
    const first = other.getCachedResult('t', 'input', async () => {
      computed += 1
      begun.resolve()
      await mayEnd.promise
      return Buffer.from('model')
    })
    await begun.promise

    const second = client.getCachedResult('t', 'input', () => {
      computed += 1
      return Buffer.from('again')
    })
    await new Promise(setImmediate)
    mayEnd.resolve()

    expect([(await first)[1], (await second)[1], computed]).toEqual([false, true, 1])
    expect(Buffer.from((await second)[0]).toString()).toBe('model')
    expect(readdirSync(join(root, '.taskvault/cache/locks'))).toEqual([])
  })

  test('does not wait for itself when what computes it asks for it', async () => {
    const model = Buffer.from('model')
    const compute = async (): Promise<Uint8Array> =>
      (await client.getCachedResult('t', 'input', () => model))[0]

    const [bytes] = await client.getCachedResult('t', 'input', compute)

    expect(model.equals(bytes)).toBe(true)
  })
})

test('a large result streams in and out', async () => {
  const piece = randomBytes(256 * 1024)
  const pieces = async function* () {
    for (let sent = 0; sent < 40; sent += 1) yield piece
  }

  await client.cacheResult('large', 'x', pieces())
  const hashes = { count: 0, equal: true }
  let rest = Buffer.alloc(0)
  for await (const part of (await client.openCachedResult('large', 'x')) ?? []) {
    rest = Buffer.concat([rest, part])
    while (rest.length >= piece.length) {
      hashes.equal &&= rest.subarray(0, piece.length).equals(piece)
      hashes.count += 1
      rest = rest.subarray(piece.length)
    }
  }

  expect(hashes).toEqual({ count: 40, equal: true })
  expect(rest.length).toBe(0)
})

test('a stream that is left early releases what it holds, and the result stays', async () => {
  await client.cacheResult('large', 'x', randomBytes(3_000_000))

  for await (const part of (await client.openCachedResult('large', 'x')) ?? []) {
    expect(part.length).toBeGreaterThan(0)
    break
  }

  expect((await client.getCachedResult('large', 'x'))[1]).toBe(true)
})

test('closing twice is closing once', async () => {
  await using other = await createClient(undefined, { cwd: root, env: {} })
  await other.cacheResult('t', 'input', 'result')

  await other.close()

  await expect(other.close()).resolves.toBeUndefined()
  expect((await client.getCachedResult('t', 'input'))[1]).toBe(true)
})

test('a result larger than its policy allows is refused by name', async () => {
  await client.close()
  configureSmallResults()
  client = await createClient('.taskvault/config.yaml', { cwd: root, env: {} })

  await expect(client.cacheResult('small', 'x', 'eleven byte')).rejects.toMatchObject({
    code: 'ENTRY_TOO_LARGE',
  })
  await client.cacheResult('small', 'x', 'ten bytes!')
  await client.cacheResult('other', 'x', 'eleven byte')
})

test('a configuration that is not there is said to be missing', async () => {
  await expect(createClient('nowhere.yaml', { cwd: root, env: {} })).rejects.toMatchObject({
    code: 'CONFIG_NOT_FOUND',
  })
})

test('a command runs once for the same inputs, and its output is replayed', async () => {
  writeFileSync(join(root, 'in.txt'), '1')
  const printed: string[] = []
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      printed.push(String(chunk))
      done()
    },
  })
  const options = {
    command: [
      'node',
      '-e',
      'console.log("did it"); require("fs").writeFileSync("out.txt", "made")',
    ],
    inputs: ['in.txt'],
    outputs: ['out.txt'],
    stdout,
  }

  const first = await client.run('build', options)
  rmSync(join(root, 'out.txt'))
  const second = await client.run('build', options)

  expect([first.kind, second.kind]).toEqual(['ran', 'hit'])
  expect(readFileSync(join(root, 'out.txt'), 'utf8')).toBe('made')
  expect(printed).toEqual(['did it\n', 'did it\n'])
})

describe('a run with a signal', () => {
  const reason = new Error('not wanted any more')

  test.each([
    ['that it ends', ''],
    ['that ends well when it is asked to', `process.on('SIGTERM', () => process.exit(0));`],
  ])('saves nothing of a command %s, and throws the reason', async (_, preparation) => {
    const abort = new AbortController()
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => (abort.abort(reason), done()),
    })
    const program = `${preparation} setInterval(() => {}, 1000); console.log(process.pid)`

    const run = client.run('watch', {
      command: ['node', '-e', program],
      stdout,
      signal: abort.signal,
    })

    await expect(run).rejects.toBe(reason)
    expect((await client.getStats()).entries).toBe(0)
  })

  test('publishes nothing if it is aborted while the outputs are being stored', async () => {
    const abort = new AbortController()
    await using other = await createClient(undefined, {
      cwd: root,
      report(event) {
        if (event.kind === 'progress' && event.phase === 'saving') abort.abort(reason)
      },
    })
    const command = ['node', '-e', 'require("fs").writeFileSync("out", "made")']

    const run = other.run('build', { command, outputs: ['out'], signal: abort.signal })

    await expect(run).rejects.toBe(reason)
    expect((await client.getStats()).entries).toBe(0)
  })

  test('starts nothing once it is aborted', async () => {
    const command = ['node', '-e', 'require("fs").writeFileSync("ran", "")']

    const run = client.run('build', { command, signal: AbortSignal.abort(reason) })

    await expect(run).rejects.toBe(reason)
    expect(readdirSync(root)).not.toContain('ran')
  })

  test('is like any other as long as it is not aborted', async () => {
    const { signal } = new AbortController()

    const outcome = await client.run('build', { command: ['node', '-e', ''], signal })

    expect(outcome).toMatchObject({ kind: 'ran', save: { kind: 'saved' } })
  })
})

test('what a hit wrote can be asked for often, and after the client was closed', async () => {
  const command = ['node', '-e', 'require("fs").writeFileSync("out.txt", "made")']
  const options = { command, outputs: ['out.txt'] }
  await client.run('build', options)
  rmSync(join(root, 'out.txt'))

  const outcome = await client.run('build', options)
  await client.close()

  const written = outcome.kind === 'hit' ? outcome.changes.written : undefined
  expect(written?.length).toBe(1)
  expect([...(written ?? []), ...(written ?? [])]).toEqual(['out.txt', 'out.txt'])
})

test('twenty results at a time all arrive', async () => {
  const results = Array.from({ length: 20 }, (_, number) => randomBytes(number * 70_000))

  await Promise.all(
    results.map((result, number) => client.cacheResult('many', `${number}`, result)),
  )
  const found = await Promise.all(
    results.map((_, number) => client.getCachedResult('many', `${number}`)),
  )

  expect(
    found.every(([bytes], number) => bytes !== undefined && results[number]?.equals(bytes)),
  ).toBe(true)
})

async function* inTwoPieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('a,')
  yield Buffer.from('b\n')
}

/** Results of `small` may have ten bytes. */
function configureSmallResults(): void {
  mkdirSync(join(root, '.taskvault'), { recursive: true })
  writeFileSync(
    join(root, '.taskvault/config.yaml'),
    'policies:\n  small:\n    max_size_bytes: 10\n',
  )
}

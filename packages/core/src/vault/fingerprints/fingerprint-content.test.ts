import { execFileSync, spawn } from 'node:child_process'
import { createReadStream, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { createMemoryStatCache } from '../../files/scanning/stat-cache.ts'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import type { KeyedFingerprint } from '../../model/fingerprint.ts'
import { parseTaskName } from '../../model/task.ts'
import { openProject } from '../../testing/temporary-project.ts'
import type { PathContent, TemporaryProject } from '../../testing/temporary-project.ts'
import { fingerprintContent } from './fingerprint-content.ts'
import type { InputContent } from './fingerprint-content.ts'

const BYTES = Buffer.from('some,data\n1,2\n'.repeat(50_000))

test('the same bytes have the same key, whatever they are called', async () => {
  const project = inProject({ 'data.csv': BYTES, 'other name': BYTES })
  symlinkSync('data.csv', join(project.root, 'link'))
  project.makePipe('pipe')
  const writer = spawn('cp', ['data.csv', 'pipe'], { cwd: project.root })
  const at = (name: string): InputContent => ({ path: join(project.root, name) })

  const contents: readonly InputContent[] = [
    BYTES,
    new Uint8Array(BYTES),
    Readable.from([BYTES.subarray(0, 7), BYTES.subarray(7)]),
    // It has a path, but is a stream: what was read of it already does not count again.
    createReadStream(join(project.root, 'data.csv')),
    at('data.csv'),
    at('other name'),
    at('link'),
    at('pipe'),
  ]
  const keys = await Promise.all(contents.map(async (content) => (await keyed(content)).key))
  const piped = await keyed({ path: '-' }, Readable.from([BYTES]))
  const device = await keyed({ path: '/dev/stdin' }, Readable.from([BYTES]))
  writer.kill()

  expect(new Set([...keys, piped.key, device.key]).size).toBe(1)
})

test('a file that is called - is named ./-', async () => {
  const project = inProject({ '-': 'in the file' })

  const standardInput = await keyed({ path: '-' }, Readable.from([Buffer.from('from outside')]))
  const file = await keyed({ path: join(project.root, '-') })

  expect(standardInput.key).toBe((await keyed(Buffer.from('from outside'))).key)
  expect(file.key).toBe((await keyed(Buffer.from('in the file'))).key)
})

test.each([
  ['file', `cat "$data" | node script.ts -`],
  ['redirection', `node script.ts - < "$data"`],
  ['process substitution', `node script.ts <(cat "$data")`],
  ['redirection to a number', `node script.ts /dev/fd/5 5< "$data"`],
  ['pipe by name', `cat "$data" | node script.ts /dev/stdin`],
  ['pipe by number', `cat "$data" | node script.ts /proc/self/fd/0`],
])('real standard input and pipes of a shell work: %s', async (_, line) => {
  const project = inProject({ data: BYTES, 'script.ts': script() })

  const output = execFileSync('bash', ['-c', line.replaceAll('node ', `"${process.execPath}" `)], {
    cwd: project.root,
    env: { ...process.env, data: join(project.root, 'data') },
    encoding: 'utf8',
  })

  expect(output).toBe((await keyed(BYTES)).key)
})

test('a directory counts as the files below it', async () => {
  const files = { 'a/b.csv': '1', c: { executable: '2' }, l: { target: 'c' } } as const
  const [one, other] = [
    inProject(files),
    inProject({ ...files, '.git/HEAD': 'x', '.taskvault/cache/cache.db': 'y' }),
  ]
  mkdirSync(join(other.root, 'empty'))
  // Data is often ignored by git, and counts all the same.
  writeFileSync(join(one.root, '.gitignore'), '*')
  writeFileSync(join(other.root, '.gitignore'), '*')

  const found = await keyed({ path: one.root })

  expect(found.key).toBe((await keyed({ path: other.root })).key)
  expect(found.fingerprint.files.map(({ relativePath }) => relativePath)).toEqual([
    '.gitignore',
    'a/b.csv',
    'c',
    'l',
  ])
  other.write({ 'a/b.csv': '2' })
  expect((await keyed({ path: other.root })).key).not.toBe(found.key)
})

test('an empty directory is an input, and no empty file', async () => {
  const project = inProject({ 'empty file': '' })
  mkdirSync(join(project.root, 'empty directory'))

  const directory = await keyed({ path: join(project.root, 'empty directory') })

  expect(directory.key).not.toBe((await keyed({ path: join(project.root, 'empty file') })).key)
})

test('different bytes have different keys, and so have different tasks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), fc.uint8Array(), async (one, other) => {
      const isEqual = Buffer.from(one).equals(Buffer.from(other))
      expect((await keyed(one)).key === (await keyed(other)).key).toBe(isEqual)
    }),
  )
  const algorithm = await openHashAlgorithm('blake3')
  const context = { algorithm, statCache: createMemoryStatCache(), now: Date.now }
  const other = await fingerprintContent({ task: parseTaskName('other'), content: BYTES }, context)
  expect(other.key).not.toBe((await keyed(BYTES)).key)
})

test('what is not there, or cannot be read, is refused', async () => {
  const project = inProject({ file: '' })

  await expect(keyed({ path: join(project.root, 'nothing') })).rejects.toMatchObject({
    code: 'INPUT_MISSING',
  })
  await expect(keyed({ path: join(project.root, 'file/below') })).rejects.toMatchObject({
    code: 'INPUT_MISSING',
  })
  await expect(keyed({ path: '/dev/fd/987' })).rejects.toMatchObject({ code: 'INPUT_MISSING' })
  symlinkSync('loop', join(project.root, 'loop'))
  await expect(keyed({ path: join(project.root, 'loop') })).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
  })
})

test('a stream that fails is no end of the input', async () => {
  await expect(keyed({ path: '-' }, failing())).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' })
  await expect(keyed(failing())).rejects.toThrow('cut off')
})

async function* failing(): AsyncGenerator<Uint8Array> {
  yield BYTES
  throw new Error('cut off')
}

async function keyed(
  content: InputContent,
  standardInput?: AsyncIterable<Uint8Array>,
): Promise<KeyedFingerprint> {
  const algorithm = await openHashAlgorithm('blake3')
  const context = { algorithm, statCache: createMemoryStatCache(), now: Date.now }
  const given = standardInput && { standardInput: () => standardInput }
  const request = { task: parseTaskName('train'), content, ...given }
  return await fingerprintContent(request, context)
}

/** Prints the key of the content that it is told to read. */
function script(): string {
  return `
    import { fingerprintContent } from ${moduleAt('fingerprint-content.ts')}
    import { createMemoryStatCache } from ${moduleAt('../../files/scanning/stat-cache.ts')}
    import { openHashAlgorithm } from ${moduleAt('../../hashing/open-hash-algorithm.ts')}
    const algorithm = await openHashAlgorithm('blake3')
    const context = { algorithm, statCache: createMemoryStatCache(), now: Date.now }
    const content = { path: process.argv[2] }
    const { key } = await fingerprintContent({ task: 'train', content }, context)
    process.stdout.write(key)`
}

function moduleAt(file: string): string {
  return JSON.stringify(new URL(file, import.meta.url).href)
}

function inProject(paths: Readonly<Record<string, PathContent>>): TemporaryProject {
  const project = openProject(paths)
  onTestFinished(() => project[Symbol.dispose]())
  return project
}

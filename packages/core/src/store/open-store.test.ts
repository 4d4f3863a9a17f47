import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import type { TaskName } from '../model/task.ts'
import { openTemporaryStore, saveSample } from '../testing/temporary-store.ts'
import type { TemporaryStore } from '../testing/temporary-store.ts'
import { findEntry } from './entries/entries.ts'
import { recordHit, recordMiss } from './entries/record-use.ts'

test('a new store keeps itself out of git and out of backups', async () => {
  using temporary = await openTemporaryStore()
  const { cacheDirectory } = await temporary.open()

  expect(readFileSync(join(cacheDirectory, '.gitignore'), 'utf8')).toBe('*\n')
  expect(readFileSync(join(cacheDirectory, 'CACHEDIR.TAG'), 'utf8')).toMatch(
    /^Signature: 8a477f597d28d172789f06886806bc55\n/,
  )
})

test.each(['was closed properly', 'has its last transactions in the log only'])(
  'a store that cannot be written to and %s still serves, and records nothing',
  async (state) => {
    using temporary = await openTemporaryStore()
    const store = await temporary.open()
    const { key } = saveSample(store, { name: 'a' })
    if (state === 'was closed properly') store[Symbol.dispose]()
    else rmSync(join(temporary.cacheDirectory, 'cache.db-shm'))
    const before = readFileSync(join(temporary.cacheDirectory, 'audit.log'))

    const { output, leftOver } = asNobody(
      temporary,
      `
      const entry = findEntry(store, { scope: 'local', key: '${key}' })
      recordHit(store, entry, { savedMs: 1 })
      console.log(JSON.stringify({ isReadOnly: store.database.isReadOnly, task: entry.task, entries: readStatistics(store, 0).entries }))
    `,
    )

    expect(JSON.parse(output)).toEqual({ isReadOnly: true, task: 'unit_tests', entries: 1 })
    expect(readFileSync(join(temporary.cacheDirectory, 'audit.log'))).toEqual(before)
    expect(leftOver).toEqual([])
  },
)

test('misses and hits of a store whose log cannot be written are trouble, not failures', async () => {
  using temporary = await openTemporaryStore()
  const store = await temporary.open()
  const { key } = saveSample(store, { name: 'a' })
  const entry = findEntry(store, { scope: 'local', key })!
  rmSync(join(store.cacheDirectory, 'audit.log'))
  mkdirSync(join(store.cacheDirectory, 'audit.log'))

  recordHit(store, entry, { savedMs: 1 })
  recordMiss(store, { task: 'x' as TaskName, key, reasons: [] })
  store.uses.flush()

  expect(temporary.events.filter((event) => event.kind === 'trouble')).toHaveLength(2)
  expect(findEntry(store, { scope: 'local', key })?.hits).toBe(0)
})

test('no file descriptors left is a clear error', async () => {
  using temporary = await openTemporaryStore()
  await temporary.open()

  const output = execFileSync(
    'sh',
    [
      '-c',
      `ulimit -n 64 && exec "$0" --input-type=module -e "$1"`,
      process.execPath,
      `
    import { openSync } from 'node:fs'
    ${IMPORTS}
    const algorithm = await openHashAlgorithm('blake3')
    try { for (;;) openSync('/dev/null', 'r') } catch {}
    const options = { cacheDirectory: ${JSON.stringify(temporary.cacheDirectory)}, algorithm, report() {}, now: Date.now }
    await openStore(options).then(() => console.log('opened'), (error) => console.log(error.code))
  `,
    ],
    { encoding: 'utf8' },
  )

  expect(output.trim()).toBe('TOO_MANY_OPEN_FILES')
})

const IMPORTS = ['open-store', 'entries/entries', 'entries/record-use', 'entries/statistics']
  .map(
    (name) =>
      `import * as ${basename(name).replace('-', '_')} from ${JSON.stringify(new URL(`./${name}.ts`, import.meta.url).href)}`,
  )
  .concat(
    `import { openHashAlgorithm } from ${JSON.stringify(new URL('../hashing/open-hash-algorithm.ts', import.meta.url).href)}`,
    'const { openStore } = open_store, { findEntry } = entries, { recordHit } = record_use, { readStatistics } = statistics',
  )
  .join('\n')

interface RunAsNobody {
  readonly output: string
  /** What stays in the directory for temporary files. */
  readonly leftOver: readonly string[]
}

/** Runs code as a user who may read the store and write nowhere in it, in a process that ends with it. */
function asNobody(temporary: TemporaryStore, code: string): RunAsNobody {
  const root = join(temporary.cacheDirectory, '..')
  for (const path of [root, temporary.cacheDirectory, join(temporary.cacheDirectory, 'blobs')])
    chmodSync(path, 0o555)
  for (const name of readdirSync(temporary.cacheDirectory)) {
    if (/^(cache\.db|audit\.log)/.test(name)) chmodSync(join(temporary.cacheDirectory, name), 0o444)
  }
  const script = `${IMPORTS}
    const algorithm = await openHashAlgorithm('blake3')
    const store = await openStore({ cacheDirectory: ${JSON.stringify(temporary.cacheDirectory)}, algorithm, report: console.error, now: Date.now, endsProcess: true })
    ${code}
    store[Symbol.dispose]()`
  const options = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const temporaryFiles = mkdtempSync(join(tmpdir(), 'taskvault-nobody-'))
  chmodSync(temporaryFiles, 0o777)
  try {
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      cwd: '/',
      env: { ...process.env, TMPDIR: temporaryFiles },
      ...options,
    })
    return { output, leftOver: readdirSync(temporaryFiles) }
  } finally {
    rmSync(temporaryFiles, { recursive: true })
    for (const path of [root, temporary.cacheDirectory, join(temporary.cacheDirectory, 'blobs')])
      chmodSync(path, 0o755)
  }
}

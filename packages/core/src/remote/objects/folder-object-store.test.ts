import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { contentOf, describeObjectStore } from '../../testing/describe-object-store.ts'
import { sampleBytes } from '../../testing/sample-blobs.ts'
import { createFolderObjectStore } from './folder-object-store.ts'

describeObjectStore('a folder', async () => createFolderObjectStore(join(temporary(), 'objects')))

test('what was being written when a process died is not found, nor listed', async () => {
  const root = temporary()
  const store = createFolderObjectStore(root)
  await store.putIfAbsent('a/b', contentOf(sampleBytes(10)))
  // What a kill leaves behind.
  execFileSync('touch', [join(root, 'a', '~0123456789')])

  const found: string[] = []
  for await (const { key } of store.list('')) found.push(key)

  expect(found).toEqual(['a/b'])
})

test.skipIf(process.platform !== 'linux')(
  'where none can be made, that is said at once',
  async () => {
    const store = createFolderObjectStore('/proc/taskvault/objects')

    const writing = store.putIfAbsent('a/b', contentOf(sampleBytes(1)))

    await expect(writing).rejects.toMatchObject({ message: /ENOENT/ })
  },
)

test('many that write into a folder which is not there yet make it together', async () => {
  for (let round = 0; round < 20; round += 1) {
    const store = createFolderObjectStore(`${temporary()}/not/there/yet`)
    const names = Array.from({ length: 8 }, (_, index) => `${index % 3}/${index}`)

    const written = await Promise.all(
      names.map(async (name) => await store.putIfAbsent(name, contentOf(sampleBytes(1)))),
    )

    expect(written).toHaveLength(names.length)
  }
})

test('leaves no temporary files behind', async () => {
  const root = temporary()
  const store = createFolderObjectStore(root)

  await store.putIfAbsent('a', contentOf(sampleBytes(10)))
  await store.putIfAbsent('a', contentOf(sampleBytes(10)))
  await expect(
    store.putIfAbsent('b', { ...contentOf(sampleBytes(10)), sizeBytes: 11 }),
  ).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })

  expect(readdirSync(root)).toEqual(['a'])
})

test('writes nothing through a link that leads out of the folder', async () => {
  const [root, elsewhere] = [temporary(), temporary()]
  symlinkSync(elsewhere, join(root, 'blobs'))
  const store = createFolderObjectStore(root)

  const attempt = store.putIfAbsent('blobs/a', contentOf(sampleBytes(10)))

  await expect(attempt).rejects.toMatchObject({ code: 'REMOTE_REFUSED' })
  expect(readdirSync(elsewhere)).toEqual([])
})

test.skipIf(process.platform === 'win32')('does not wait at a pipe', async () => {
  const root = temporary()
  execFileSync('mkfifo', [join(root, 'a')])
  const store = createFolderObjectStore(root)

  expect(await store.get('a')).toBeUndefined()
})

test('a directory is no object', async () => {
  const root = temporary()
  mkdirSync(join(root, 'a', 'b'), { recursive: true })
  const store = createFolderObjectStore(root)

  expect(await store.head('a')).toBeUndefined()
  expect(await store.get('a')).toBeUndefined()
  await store.delete('a')
  expect(existsSync(join(root, 'a', 'b'))).toBe(true)
})

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-objects-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

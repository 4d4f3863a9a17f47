import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { packArchive } from './pack-archive.ts'

test.each(['zstd', 'gzip'] as const)(
  'tar finds in it what was packed (%s)',
  async (compression) => {
    const root = temporary()
    const directory = path.join(root, 'work')
    mkdirSync(path.join(root, 'home/empty'), { recursive: true })
    mkdirSync(directory)
    const content = randomBytes(700_000)
    writeFileSync(path.join(directory, 'file'), content)
    symlinkSync('file', path.join(directory, 'link'))
    const file = path.join(root, 'archive')

    const absolutePaths = ['work/file', 'work/link', 'home'].map((name) => path.join(root, name))
    const sizeBytes = await packArchive({ absolutePaths, directory, compression, file })

    const tar = [`--${compression}`, '-P', '-f', file]
    const listed = execFileSync('tar', [...tar, '-tv']).toString()
    const names = listed.match(/\S+( -> .*)?$/gm)
    expect(names).toEqual(['file', 'link -> file', '../home/', '../home/empty/'])
    expect(execFileSync('tar', [...tar, '-xO', 'file'])).toEqual(content)
    expect(sizeBytes).toBe(lstatSync(file).size)
  },
)

test('what cannot be read, or written to, is told', async () => {
  const root = temporary()
  const packing = { directory: root, compression: 'zstd' } as const
  const file = path.join(root, 'archive')
  writeFileSync(path.join(root, 'large'), Buffer.alloc(3_000_000))

  const missing = packArchive({ ...packing, absolutePaths: [path.join(root, 'none')], file })
  await expect(missing).rejects.toThrow('ENOENT')
  const taken = packArchive({ ...packing, absolutePaths: [path.join(root, 'large')], file: root })
  await expect(taken).rejects.toThrow('EEXIST')
})

function temporary(): string {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'taskvault-pack-')))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

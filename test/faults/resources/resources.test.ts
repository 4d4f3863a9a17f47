import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { OutputTarget, Settings } from '@taskvault/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Patch } from '../patch-source.ts'
import { runPatched } from '../run-patched.ts'
import { settingsOf } from '../test-vault.ts'
import type { SweptRound } from './descriptors-worker.ts'
import { prepareVault, useVault } from './use-vault.ts'
import type { UseOutcomes } from './use-vault.ts'

const IS_ROOT = process.getuid?.() === 0
const NOBODY = 65_534
const GOOD: UseOutcomes = {
  open: 'right',
  result: 'right',
  tree: 'right',
  'save small': 'saved',
  'save large': 'saved',
  examine: 'right',
}

describe.skipIf(!existsSync('/proc/self/fd'))('a process with few descriptors left', () => {
  test('gets hits, misses and clear errors, and loses nothing', async () => {
    const place = await preparePlace()

    const rounds = sweepDescriptors(place, 20)

    const sorts = new Set(rounds.flatMap(({ outcomes }) => Object.values(outcomes)))
    expect([...sorts].filter((sort) => !ALLOWED.includes(sort))).toEqual([])
    expect(sorts).toContain('TOO_MANY_OPEN_FILES')
    expect(sorts).toContain('right')
    expect(rounds.filter(({ leaked }) => leaked > 0)).toEqual([])
    // Nothing was taken for damage, and quarantined, that only could not be opened.
    expect(await useVault({ ...place, round: 1_000 })).toEqual(GOOD)
  })

  test('would lose entries if what cannot be opened counted as damaged', async () => {
    const place = await preparePlace()

    sweepDescriptors(place, 20, [
      {
        file: 'vault/open-entry.ts',
        find: `isTaskVaultError(error, 'BLOB_MISSING'`,
        replace: `isTaskVaultError(error, 'TOO_MANY_OPEN_FILES', 'BLOB_MISSING'`,
      },
    ])

    expect(await useVault({ ...place, round: 1_000 })).not.toEqual(GOOD)
  })

  const ALLOWED = [
    'right',
    'miss',
    'saved',
    'not open',
    'TOO_MANY_OPEN_FILES',
    // SQLite does not say what kept it from opening a file.
    'DATABASE_UNAVAILABLE',
    'OUTPUT_BLOCKED',
  ]
})

// What disks do when they are full can only be seen on a small one.
describe.skipIf(!IS_ROOT || process.platform !== 'linux')('a full disk', () => {
  test.each([0, 4, 16, 64, 200, 600, 1_500, 4_000])(
    'with %i KiB free takes what fits, and says so of what does not',
    async (freeKib) => {
      const project = mountSmallDisk()
      const place = await preparePlace(project)
      fill(project, freeKib)

      const outcomes = await useElsewhere(place)

      const allowed = ['right', 'miss', 'saved', 'not open', 'DISK_FULL']
      expect(Object.values(outcomes).filter((outcome) => !allowed.includes(outcome))).toEqual([])
      // SQLite needs 32 KiB beside the index, to open it at all.
      if (freeKib >= 64) expect(outcomes.result).toBe('right')
      expect(temporaryFiles(place.settings.cacheDirectory)).toEqual([])
      expect(readdirSync(project).filter((name) => name.startsWith('.taskvault-stage'))).toEqual([])

      rmSync(join(project, 'filler'))
      expect(await useVault({ ...place, round: 1 })).toEqual(GOOD)
    },
  )

  test('would fill up with pieces if a save that failed left them', async () => {
    const project = mountSmallDisk()
    const place = await preparePlace(project)
    fill(project, 600)

    await useElsewhere(place, [
      {
        file: 'store/blobs/pack-writer.ts',
        find: 'removeFile(temporary)',
        replace: 'void temporary',
      },
    ])

    expect(temporaryFiles(place.settings.cacheDirectory)).not.toEqual([])
  })
})

describe('a cache directory that may only be read', () => {
  test.skipIf(process.platform === 'win32')('serves, and refuses to save', async () => {
    const place = await prepareReadOnlyPlace()
    const { cacheDirectory } = place.settings
    const before = listAll(cacheDirectory)

    const outcomes = await useAsNobody(place)

    expect(outcomes).toEqual({
      ...GOOD,
      'save small': 'PERMISSION_DENIED',
      'save large': 'PERMISSION_DENIED',
    })
    expect(listAll(cacheDirectory)).toEqual(before)
  })

  test.skipIf(process.platform === 'win32')(
    'would serve nobody if it had to be writable',
    async () => {
      const outcomes = await useAsNobody(await prepareReadOnlyPlace(), [
        {
          file: 'store/open-store.ts',
          find: "if (failure.code === 'PERMISSION_DENIED' && canBeRead) return false",
          replace: 'void canBeRead',
        },
      ])

      expect(outcomes.result).not.toBe('right')
    },
  )
})

async function prepareReadOnlyPlace(): Promise<Place> {
  const place = await preparePlace(temporaryDirectory())
  const { cacheDirectory } = place.settings
  setModes(cacheDirectory, { directory: 0o555, file: 0o444 })
  onTestFinished(() => setModes(cacheDirectory, { directory: 0o755, file: 0o644 }))
  return place
}

interface Place {
  readonly settings: Settings
  readonly output: OutputTarget
}

async function preparePlace(project: string = temporaryDirectory()): Promise<Place> {
  const settings = await settingsOf({ project })
  const output = { declaredAs: 'out', absolutePath: join(project, 'out') }
  await prepareVault({ settings, output })
  return { settings, output }
}

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-resources-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

function sweepDescriptors(
  place: Place,
  upTo: number,
  patches: readonly Patch[] = [],
): readonly SweptRound[] {
  const worker = join(import.meta.dirname, 'descriptors-worker.ts')
  const hooks = join(import.meta.dirname, '../patch-modules.ts')
  const patchFile = join(temporaryDirectory(), 'patches.json')
  writeFileSync(patchFile, JSON.stringify(patches))
  const node = [process.execPath, '--import', hooks, worker, JSON.stringify({ ...place, upTo })]
  const words = ['-c', 'ulimit -n 256 && exec "$0" "$@"', ...node]
  const env = { ...process.env, FAULTS_PATCHES: patchFile }
  return JSON.parse(execFileSync('sh', words, { encoding: 'utf8', env })) as SweptRound[]
}

async function useElsewhere(place: Place, patches: readonly Patch[] = []): Promise<UseOutcomes> {
  const module = join(import.meta.dirname, 'use-worker.ts')
  return await runPatched<UseOutcomes>({ module, options: { ...place, round: 0 }, patches })
}

function mountSmallDisk(): string {
  const directory = temporaryDirectory()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', directory])
  onTestFinished(() => void execFileSync('umount', [directory]))
  return directory
}

function fill(directory: string, freeKib: number): void {
  const { bavail, bsize } = statfsSync(directory)
  writeFileSync(
    join(directory, 'filler'),
    Buffer.alloc(Math.max(0, bavail * bsize - freeKib * 1_024)),
  )
}

function listAll(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()
}

function temporaryFiles(cacheDirectory: string): string[] {
  return readdirSync(join(cacheDirectory, 'blobs')).filter((name) => name.startsWith('.'))
}

function setModes(
  directory: string,
  modes: { readonly directory: number; readonly file: number },
): void {
  chmodSync(directory, modes.directory)
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    chmodSync(
      join(entry.parentPath, entry.name),
      entry.isDirectory() ? modes.directory : modes.file,
    )
  }
}

/** As root, modes keep nobody out: the worker is another user, who owns the outputs' directory. */
async function useAsNobody(
  { settings, output }: Place,
  patches: readonly Patch[] = [],
): Promise<UseOutcomes> {
  const directory = join(temporaryDirectory(), 'work')
  mkdirSync(directory)
  for (const path of [settings.projectRoot, join(directory, '..')]) chmodSync(path, 0o755)
  if (IS_ROOT) chownSync(directory, NOBODY, NOBODY)
  return await runPatched<UseOutcomes>({
    module: join(import.meta.dirname, 'use-worker.ts'),
    options: { settings, output: { ...output, absolutePath: join(directory, 'out') }, round: 0 },
    patches,
    user: IS_ROOT ? { uid: NOBODY, gid: NOBODY } : undefined,
  })
}

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseTaskName } from '../model/task.ts'
import { SAMPLE_POLICY, sampleSettings } from '../testing/sample-settings.ts'
import { sampleWork } from '../testing/sample-work.ts'
import { openVault } from './open-vault.ts'
import type { Miss, OutputChanges, Vault } from './vault.ts'

/* What tasks write besides plain files. Each is saved and restored as it was, or refused by name. */

const task = parseTaskName('odd')
const work = sampleWork(task, 1)
const IS_ROOT = process.getuid?.() === 0

let root = ''
let vault: Vault

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'odd-')))
  mkdirSync(join(root, 'out'))
  vault = await openVault({ settings: sampleSettings(root) })
})

afterEach(async () => {
  await vault[Symbol.asyncDispose]()
  rmSync(root, { recursive: true, force: true })
})

describe.skipIf(process.platform === 'win32')('an output that cannot be put back', () => {
  test.each<[string, (path: string) => void | Promise<void>]>([
    ['pipe', (path) => void execFileSync('mkfifo', [path])],
    [
      'socket',
      async (path) => {
        const server = createServer()
        await new Promise<void>((resolve) => void server.listen(path, resolve))
        server.unref()
      },
    ],
    ...(IS_ROOT
      ? [
          ['device', (path: string) => void execFileSync('mknod', [path, 'c', '1', '3'])] as const,
        ].map(([name, make]) => [name, make] as [string, (path: string) => void])
      : []),
  ])('such as a %s is named, and nothing is saved', async (_, make) => {
    writeFileSync(join(root, 'out/plain'), 'plain')
    await make(join(root, 'out/odd'))

    await expect(save()).rejects.toMatchObject({
      code: 'OUTPUT_UNREADABLE',
      message: expect.stringContaining(join(root, 'out/odd')),
    })

    expect(vault.stats().entries).toBe(0)
    expect(readdirSync(join(root, 'cache/blobs'))).toEqual([])
  })

  test('such as a name that is no UTF-8 is refused, and nothing is saved', async () => {
    writeFileSync(Buffer.from(`${root}/out/\xff\xfe`, 'latin1'), 'x')

    await expect(save()).rejects.toMatchObject({ code: 'NAME_UNSUPPORTED' })

    expect(vault.stats().entries).toBe(0)
  })

  test('such as a link to what is no UTF-8 is refused', async () => {
    symlinkSync(Buffer.from('\xff\xfe', 'latin1'), join(root, 'out/link'))

    await expect(save()).rejects.toMatchObject({ code: 'NAME_UNSUPPORTED' })
  })

  test('is never opened when a restore meets one, and an output that is one is replaced', async () => {
    rmSync(join(root, 'out'), { recursive: true })
    writeFileSync(join(root, 'out'), 'plain')
    await save()
    rmSync(join(root, 'out'))
    execFileSync('mkfifo', [join(root, 'out')])

    await restore()

    expect(readFileSync(join(root, 'out'), 'utf8')).toBe('plain')
  })
})

describe.skipIf(process.platform === 'win32')('permission bits', () => {
  test('beyond those of owner, group and others are not restored', async () => {
    for (const [name, mode] of Object.entries({ setuid: 0o4755, setgid: 0o2755, sticky: 0o1644 })) {
      writeFileSync(join(root, 'out', name), name)
      chmodSync(join(root, 'out', name), mode)
    }
    mkdirSync(join(root, 'out/shared'))
    chmodSync(join(root, 'out/shared'), 0o3777)
    await save()
    rmSync(join(root, 'out'), { recursive: true })

    await restore()

    const modes = readdirSync(join(root, 'out')).map(
      (name) => lstatSync(join(root, 'out', name)).mode & 0o7777,
    )
    expect(modes).toEqual([0o755, 0o755, 0o777, 0o644])
  })

  test('that keep everybody out come back, on directories too', async () => {
    mkdirSync(join(root, 'out/closed'))
    writeFileSync(join(root, 'out/closed/file'), 'x')
    chmodSync(join(root, 'out/closed/file'), 0o400)
    chmodSync(join(root, 'out/closed'), 0o500)
    await save()
    rmSync(join(root, 'out'), { recursive: true })

    await restore()

    expect(statSync(join(root, 'out/closed')).mode & 0o777).toBe(0o500)
    expect(statSync(join(root, 'out/closed/file')).mode & 0o777).toBe(0o400)
  })
})

describe('names', () => {
  test('that some systems take for one another are not taken for one another', async () => {
    const names = ['a', 'A', '\u00e9', 'e\u0301', 'ff', '\ufb00', 'ß', 'ss', '\u212a', 'K']
    for (const name of names) writeFileSync(join(root, 'out', name), name)
    // Where two are one file, the last one counts: as it does for the task.
    const wanted = contents()
    await save()
    rmSync(join(root, 'out'), { recursive: true })

    await restore()

    expect(contents()).toEqual(wanted)
  })

  test('as long as the system allows come back', async () => {
    const name = 'n'.repeat(255)
    writeFileSync(join(root, 'out', name), 'long')
    await save()
    rmSync(join(root, 'out'), { recursive: true })

    await restore()

    expect(readFileSync(join(root, 'out', name), 'utf8')).toBe('long')
  })

  // Deep names are made from within: the whole path is more than a call takes.
  test.skipIf(process.platform === 'win32')(
    'too deep for any call are refused, and nothing is saved',
    async () => {
      const goDeep = `for (let i = 0; i < 25; i += 1) { fs.mkdirSync('${'d'.repeat(200)}'); process.chdir('${'d'.repeat(200)}') }`
      execFileSync(process.execPath, ['-e', goDeep], { cwd: join(root, 'out') })

      await expect(save()).rejects.toMatchObject({ code: 'IO_FAILED' })

      expect(vault.stats().entries).toBe(0)
      execFileSync('rm', ['-rf', join(root, 'out')])
    },
  )

  test.skipIf(process.platform === 'win32')(
    'of nearly 4,096 bytes come back where they fit, and are a miss where not',
    async () => {
      const deepest = makeDeep(4_095)
      writeFileSync(deepest, 'deep')
      await save()
      execFileSync('rm', ['-rf', join(root, 'out')])

      const changes = await restore()

      // Staged under a longer name, the whole tree may not fit any more; what was there is untouched then.
      expect(changes === 'miss' || readFileSync(deepest, 'utf8') === 'deep').toBe(true)
      expect(readdirSync(root).filter((name) => name.startsWith('.taskvault-stage-'))).toEqual([])
    },
  )

  test('by the thousands in one directory come back, and are found by the next save', async () => {
    const long = 'n'.repeat(240)
    for (let index = 0; index < 3_500; index += 1)
      writeFileSync(join(root, 'out', `${long}-${index}`), String(index % 10))
    await save()
    const again = await save()
    rmSync(join(root, 'out'), { recursive: true })

    expect(await restore()).toMatchObject({ written: { length: 3_500 } })
    expect(again.storedBytes).toBeLessThan(2_000)
    expect(readFileSync(join(root, 'out', `${long}-1234`), 'utf8')).toBe('4')
  })

  test('a thousand directories deep come back', async () => {
    const deepest = makeDeep(2_000 + root.length, 'd')
    writeFileSync(deepest, 'deep')
    await save()
    rmSync(join(root, 'out'), { recursive: true })

    await restore()

    expect(readFileSync(deepest, 'utf8')).toBe('deep')
  })
})

test('a sparse file comes back with its content, and costs what is in it', async () => {
  const descriptor = openSync(join(root, 'out/sparse'), 'w')
  ftruncateSync(descriptor, 64 * 1024 * 1024)
  writeSync(descriptor, 'end', 64 * 1024 * 1024 - 3)
  closeSync(descriptor)
  const wanted = readFileSync(join(root, 'out/sparse'))

  const saved = await save()
  rmSync(join(root, 'out'), { recursive: true })
  await restore()

  expect(saved.storedBytes).toBeLessThan(100_000)
  expect(readFileSync(join(root, 'out/sparse')).equals(wanted)).toBe(true)
})

// ---------------------------------------------------------------------------------------------

/** Directories below `out` until a file's path there has `length` bytes. @returns that path. */
function makeDeep(length: number, name: string = 'd'.repeat(100)): string {
  let path = join(root, 'out')
  while (path.length + name.length + 1 + 120 < length) path = join(path, name)
  mkdirSync(path, { recursive: true })
  return join(path, 'f'.repeat(Math.min(255, length - path.length - 1)))
}

function contents(): Record<string, string> {
  const names = existsSync(join(root, 'out')) ? readdirSync(join(root, 'out')) : []
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(root, 'out', name), 'utf8')]),
  )
}

async function save(): Promise<{ readonly storedBytes: number }> {
  const outputs = [{ declaredAs: 'out', absolutePath: join(root, 'out') }]
  const saved = await vault.save({
    task,
    work,
    outputs,
    exitCode: 0,
    durationMs: 1,
    origin: {},
    policy: SAMPLE_POLICY,
  })
  if (saved.kind !== 'saved') throw new Error(`not saved: ${saved.because}`)
  return saved
}

async function restore(): Promise<OutputChanges | Miss['kind']> {
  const targets = [{ declaredAs: 'out', absolutePath: join(root, 'out') }]
  const staged = await vault.stage({ task, work, targets })
  if (staged.kind === 'miss') return 'miss'
  await using hit = staged
  await hit.apply()
  return hit.changes
}

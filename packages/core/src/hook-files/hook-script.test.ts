import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { parseHookScript, renderHookScript } from './hook-script.ts'
import type { HookFacts } from './hook-script.ts'
import { toSearchPath, toShellPath } from './shell-text.ts'

const FACTS: HookFacts = {
  hook: 'pre-commit',
  version: '1.2.3',
  command: { node: '/usr/bin/node', script: '/opt/taskvault.js' },
  project: '.',
  isChained: false,
  platform: 'linux',
}

test('a hook says what it was made of, and whether it is still as it was made', () => {
  const text = renderHookScript(FACTS)

  expect(parseHookScript(text)).toEqual({ facts: FACTS, isEdited: false })
  expect(parseHookScript(`${text}echo more\n`)).toEqual({ facts: FACTS, isEdited: true })
  expect(parseHookScript(text.replaceAll('\n', '\r\n'))).toMatchObject({ isEdited: true })
  expect(parseHookScript('#!/bin/sh\necho mine\n')).toBeUndefined()
  expect(parseHookScript('# taskvault-hook 1 0123456789abcdef {"broken\n')).toBeUndefined()
})

test('a hook is short', () => {
  const longest = renderHookScript({ ...FACTS, hook: 'pre-push', isChained: true })

  expect(longest.split('\n').length).toBeLessThan(30)
})

test('whatever the paths are called, the shell reads them as they are', () => {
  const name = fc.string({ unit: 'binary', maxLength: 12 })
  const path = name.filter((text) => !text.includes('\0')).map((text) => `/no/${text}/node`)
  fc.assert(
    fc.property(path, path, (node, script) => {
      const text = renderHookScript({ ...FACTS, command: { node, script } })
      const assignments = text.slice(text.indexOf('node='), text.indexOf('\n\n#'))

      const read = execFileSync('sh', ['-c', `${assignments}\nprintf '%s\\0%s' "$node" "$cli"`], {
        encoding: 'utf8',
      })

      expect(read).toBe(`${node}\0${script}`)
      expect(parseHookScript(text)).toMatchObject({ isEdited: false })
    }),
    { numRuns: 60 },
  )
})

test('paths of Windows become what its shell reads', () => {
  const node = String.raw`C:\Program Files\nodejs\node.exe`
  const script = String.raw`D:\it's here\taskvault.js`

  const text = renderHookScript({ ...FACTS, command: { node, script }, platform: 'win32' })

  expect(text).toContain(`node='C:/Program Files/nodejs/node.exe'`)
  expect(text).toContain(String.raw`cli='D:/it'\''s here/taskvault.js'`)
  expect(text).toContain(`PATH="$PATH:"'/c/Program Files/nodejs'`)
  expect(toShellPath('/a\\b', 'linux')).toBe('/a\\b')
  expect(toSearchPath(String.raw`\\server\share\node.exe`, 'win32')).toBe('//server/share/node.exe')
})

test('a hook for everybody has no path of this machine in it', () => {
  const text = renderHookScript({ ...FACTS, command: undefined })

  expect(text).not.toContain('/usr/bin/node')
  expect(text).not.toContain('/opt')
})

test('the recorded command comes first, then the one of the project, then the one on PATH', () => {
  const place = openPlace()
  place.write('recorded/taskvault.js', `console.log('recorded', ...process.argv.slice(2))`)
  place.write('work/node_modules/.bin/taskvault', '#!/bin/sh\necho "project $*"\n')
  place.write('bin/taskvault', '#!/bin/sh\necho "path $*"\n')
  const command = { node: process.execPath, script: join(place.root, 'recorded/taskvault.js') }
  const run = (): string => place.run({ ...FACTS, command }, { arguments: ['a b'] }).stdout

  const found = [run()]
  place.remove('recorded')
  found.push(run())
  place.remove('work/node_modules')
  found.push(run())

  expect(found).toEqual(
    ['recorded', 'project', 'path'].map((where) => `${where} -C . hooks run pre-commit a b\n`),
  )
})

test('a project below the root has a command of its own', () => {
  const place = openPlace()
  place.write('work/packages/a b/node_modules/.bin/taskvault', '#!/bin/sh\necho "its own $*"\n')
  place.write('work/node_modules/.bin/taskvault', '#!/bin/sh\necho "of all"\n')

  const { stdout } = place.run({ ...FACTS, project: 'packages/a b' })

  expect(stdout).toBe('its own -C packages/a b hooks run pre-commit\n')
})

test('a recorded script runs with the Node on PATH when the recorded Node is gone', () => {
  const place = openPlace()
  place.write('taskvault.js', `console.log('ran')`)
  const command = { node: '/gone/node', script: join(place.root, 'taskvault.js') }

  const { stdout } = place.run({ ...FACTS, command }, { path: dirname(process.execPath) })

  expect(stdout).toBe('ran\n')
})

test('a program with windows, which knows no Node, finds the one that was recorded', () => {
  const place = openPlace()
  place.write('work/node_modules/.bin/taskvault', '#!/usr/bin/env node\nconsole.log("ran")\n')
  const command = { node: process.execPath, script: '/gone/taskvault.js' }

  const ran = place.run({ ...FACTS, command }, { isPoor: true })
  const withoutRecord = place.run({ ...FACTS, command: undefined }, { isPoor: true })

  expect(ran).toMatchObject({ status: 0, stdout: 'ran\n' })
  // The negative control: nobody else tells it where a Node is.
  expect(withoutRecord).toMatchObject({ status: 127, stdout: '' })
})

test('without any taskvault, git goes on and one line says so', () => {
  const { status, stdout, stderr } = openPlace().run(FACTS)

  expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  expect(stderr).toMatch(/^taskvault: not found, so pre-commit goes on without it; .+\n$/)
})

test('a branch without the project is committed without it', () => {
  const place = openPlace()
  place.write('bin/taskvault', '#!/bin/sh\nexit 64\n')

  expect(place.run({ ...FACTS, project: 'packages/web' }).status).toBe(0)
  mkdirSync(join(place.root, 'work/packages/web'), { recursive: true })
  expect(place.run({ ...FACTS, project: 'packages/web' }).status).toBe(64)
})

test('a bare repository pushes what it has', () => {
  const place = openPlace()
  place.write('bin/taskvault', '#!/bin/sh\nexit 66\n')

  expect(place.run({ ...FACTS, hook: 'pre-push' }).status).toBe(66)
  place.remove('work/.git')
  expect(place.run({ ...FACTS, hook: 'pre-push' }).status).toBe(0)
})

test('the status of the tasks is the status of the hook', () => {
  const place = openPlace()
  place.write('bin/taskvault', '#!/bin/sh\nexit 69\n')

  expect(place.run(FACTS).status).toBe(69)
})

test('the hook from before runs first, and its refusal is final', () => {
  const place = openPlace()
  place.write('bin/taskvault', '#!/bin/sh\necho taskvault\n')
  place.write('hooks/pre-commit.before-taskvault', '#!/bin/sh\necho "before $1"\nexit "$1"\n')
  const facts = { ...FACTS, isChained: true }

  expect(place.run(facts, { arguments: ['0'] })).toMatchObject({
    status: 0,
    stdout: 'before 0\ntaskvault\n',
  })
  expect(place.run(facts, { arguments: ['3'] })).toMatchObject({ status: 3, stdout: 'before 3\n' })
})

test('a hook from before that is not executable does not run, as before', () => {
  const place = openPlace()
  place.write('bin/taskvault', '#!/bin/sh\necho taskvault\n')
  place.write('hooks/pre-commit.before-taskvault', '#!/bin/sh\necho before\n')
  chmodSync(join(place.root, 'hooks/pre-commit.before-taskvault'), 0o644)

  expect(place.run({ ...FACTS, isChained: true }).stdout).toBe('taskvault\n')
})

test.each(['', 'refs/heads/a 1 refs/heads/a 0\n', 'a 1 b 2\nc d 3 e 4\n', 'x '.repeat(200_000)])(
  'the hook from before and the tasks both get all refs (%#)',
  (refs) => {
    const place = openPlace()
    place.write('bin/taskvault', '#!/bin/sh\ncat >"$OUT/taskvault"\n')
    place.write('hooks/pre-push.before-taskvault', '#!/bin/sh\ncat >"$OUT/before"\n')

    const ran = place.run({ ...FACTS, hook: 'pre-push', isChained: true }, { input: refs })

    expect(ran).toMatchObject({ status: 0, stderr: '' })
    const wanted = refs === '' || refs.endsWith('\n') ? refs : `${refs}\n`
    expect([place.read('before'), place.read('taskvault')]).toEqual([wanted, wanted])
  },
)

test('a hook from before that does not read the refs keeps nobody from getting them', () => {
  const place = openPlace()
  place.write('bin/taskvault', '#!/bin/sh\ncat | wc -c\n')
  place.write('hooks/pre-push.before-taskvault', '#!/bin/sh\nexit 0\n')
  const facts = { ...FACTS, hook: 'pre-push', isChained: true } as const

  const ran = place.run(facts, { input: 'x'.repeat(300_000) })

  expect(ran).toMatchObject({ status: 0, stdout: '300001\n', stderr: '' })
})

interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

interface RunOptions {
  readonly arguments?: readonly string[]
  readonly input?: string
  /** Beside the place's own `bin` and the directories of the system. */
  readonly path?: string
  /** Whether the directories of the system are left out. */
  readonly isPoor?: boolean
}

/** A directory of hooks, a work tree and a search path, without git around them. */
function openPlace(): {
  readonly root: string
  write(relativePath: string, text: string): void
  read(relativePath: string): string
  remove(relativePath: string): void
  run(facts: HookFacts, options?: RunOptions): Ran
} {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'taskvault hook-')))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const name of ['work/.git', 'hooks', 'bin']) mkdirSync(join(root, name), { recursive: true })
  const write = (relativePath: string, text: string): void => {
    mkdirSync(dirname(join(root, relativePath)), { recursive: true })
    writeFileSync(join(root, relativePath), text, { mode: 0o755 })
  }
  return {
    root,
    write,
    read: (relativePath) => execFileSync('cat', [join(root, relativePath)], { encoding: 'utf8' }),
    remove: (relativePath) => rmSync(join(root, relativePath), { recursive: true }),
    run: (facts, options = {}) => {
      write(`hooks/${facts.hook}`, renderHookScript(facts))
      const system = options.isPoor === true ? [] : ['/usr/bin', '/bin']
      const path = [join(root, 'bin'), ...(options.path ? [options.path] : []), ...system]
      return spawnSync(join(root, 'hooks', facts.hook), options.arguments ?? [], {
        cwd: join(root, 'work'),
        env: { PATH: path.join(':'), OUT: root },
        encoding: 'utf8',
        input: options.input ?? '',
      })
    },
  }
}

import { execFileSync } from 'node:child_process'
import { readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS, COMMAND_GROUPS, findCommands } from './command-table.ts'
import { EXIT, renderExitCodesPage } from './exit-codes.ts'
import { createProject, runMain } from './testing/run-main.ts'

describe('help', () => {
  test('lists every command and the exit codes', async () => {
    const { code, stdout } = await runMain(['--help'], { cwd: '/' })

    expect(code).toBe(0)
    const first = new Set(COMMANDS.map(({ words }) => words.split(' ', 1)[0]))
    for (const word of first) expect(stdout).toMatch(new RegExp(`^  ${word}\\b`, 'm'))
    expect(stdout).toMatch(/^ {2} 78 {2}The configuration is invalid/m)
  })

  test.each(Object.keys(COMMAND_GROUPS))('%s --help lists the commands below it', async (group) => {
    const { code, stdout } = await runMain([group, '--help'], { cwd: '/' })

    expect(code).toBe(0)
    for (const { words } of COMMANDS.filter((row) => row.words.startsWith(`${group} `))) {
      expect(stdout).toMatch(new RegExp(`^  ${words.split(' ')[1]}\\b`, 'm'))
    }
  })

  test.each(COMMANDS.map(({ words }) => words))(
    '%s --help tells its arguments and the global options',
    async (words) => {
      const { code, stdout } = await runMain([...words.split(' '), '--help'], { cwd: '/' })

      expect(code).toBe(0)
      expect(stdout).toContain(`Usage: taskvault ${words}`)
      for (const option of ['--json', '--quiet', '--config', '--cwd'])
        expect(stdout).toContain(option)
    },
  )

  test.each([
    [['help'], '[options] [command]'],
    [['help', 'run'], 'run'],
    [['-C', '.', 'help', 'cache'], 'cache [options]'],
    [['help', 'cache', 'stats'], 'cache stats'],
    [['cache', 'help', 'stats'], 'cache stats'],
    [['cache', 'help'], 'cache [options]'],
  ])('%j is help as well', async (argv, usage) => {
    const { code, stdout } = await runMain(argv, { cwd: '/' })

    expect(code).toBe(0)
    expect(stdout).toContain(`Usage: taskvault ${usage}`)
  })

  test('a task may be named help', async () => {
    const { stdout } = await runMain(['policy', 'explain', 'help'], { cwd: createProject() })

    expect(stdout).not.toContain('Usage')
  })

  test.each(['run', 'explain', 'restore'])(
    '%s --help tells which options can be repeated',
    async (words) => {
      const { stdout } = await runMain([words, '--help'], { cwd: '/' })

      for (const option of ['--input', '--output', '--env', '--tool'])
        expect(stdout.replaceAll(/\n {10,}/g, ' ')).toMatch(new RegExp(`${option} <.*repeatable`))
    },
  )

  test('a default of nothing is not spelt out', async () => {
    const { stdout } = await runMain(['run', '--help'], { cwd: '/' })

    expect(stdout).not.toMatch(/default: (?:\[\]|false)/)
    expect(stdout).toContain('(default: all that git does not ignore)')
  })

  test('--version prints the version of the package', async () => {
    const { code, stdout } = await runMain(['--version'], { cwd: '/' })

    expect([code, stdout.trim()]).toEqual([0, packageVersion()])
  })
})

describe('a command line that cannot be understood', () => {
  test.each([
    [[], 'No command given'],
    [['cache'], 'No command given'],
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['cahce', 'stats'], 'hint: Did you mean cache? Run'],
    [['cache', 'stast'], 'hint: Did you mean stats? Run'],
    [['help', 'nosuch'], "unknown command 'nosuch'"],
    [['help', 'cahce'], 'hint: Did you mean cache? Run'],
    [['help', 'cache', 'stast'], 'hint: Did you mean stats? Run'],
    [['cache', 'help', 'stast'], 'hint: Did you mean stats? Run'],
    [['init', '--jsno'], 'hint: Did you mean --json? Run'],
    [['init', 'surplus'], 'too many arguments'],
    [['cache', 'save', 'task'], "missing required argument 'input'"],
    [['completion', 'tcsh'], "'tcsh' is invalid"],
    [['audit', 'tail', '--lines', 'many'], 'Use a whole number'],
    [['init', '--cwd'], 'argument missing'],
    [['serve', '--host', ''], 'is a variable unset?'],
    [['serve', '--data', ''], 'is a variable unset?'],
    [['policy', 'explain', 'two words'], 'Invalid task name "two words"'],
    [['policy', 'explain', 'a\u0000b'], 'Invalid task name'],
  ])('%j exits 64 and says: %s', async (argv, expected) => {
    const { code, stdout, stderr } = await runMain(argv, { cwd: createProject() })

    expect(code).toBe(EXIT.usage)
    expect(stdout).toBe('')
    expect(stderr).toContain(expected)
    expect(stderr).toMatch(/^hint: .+$/m)
  })

  test.each([
    [['cache', 'stast', '--json'], "unknown command 'stast'"],
    [['help', 'stast', '--json'], "unknown command 'stast'"],
    [['cache', '--json'], 'No command given'],
    [['--json'], 'No command given'],
  ])('%j says so in one line of JSON on stderr, and nothing else', async (argv, message) => {
    const { code, stdout, stderr } = await runMain(argv, { cwd: '/' })

    expect([code, stdout]).toEqual([EXIT.usage, ''])
    expect(JSON.parse(stderr)).toMatchObject({ code: 'ARGUMENT_INVALID', message })
  })
})

describe('a path that the system refuses', () => {
  const long = 'n'.repeat(300)

  test.each([
    ['ELOOP', ['hash', 'loop']],
    ['ELOOP', ['-C', 'loop', 'cache', 'ls']],
    ['ELOOP', ['-C', 'project', 'run', 'task', '--', 'true']],
    ['ENAMETOOLONG', ['hash', long]],
    ['ENAMETOOLONG', ['-C', long, 'cache', 'ls']],
  ])('%s is a failure that names it, and no bug: %j', async (reason, argv) => {
    const cwd = createProject({ input: 'i', 'project/other': '' })
    symlinkSync('loop', path.join(cwd, 'loop'))
    symlinkSync('.taskvault', path.join(cwd, 'project/.taskvault'))

    const { code, stdout, stderr } = await runMain(argv, { cwd })

    expect([code, stdout]).toEqual([EXIT.io, ''])
    expect(stderr).toMatch(
      new RegExp(`^error: Could not .*/(loop|${long}|config.yaml): ${reason}: .*\\nhint: C.+\\n$`),
    )
  })
})

test.each(['nothing', 'input/below', 'loop', 'loop/below', 'n'.repeat(300)])(
  'an output that cannot be there is not the cache’s trouble: %s',
  async (output) => {
    const cwd = createProject({ input: 'i' })
    symlinkSync('loop', path.join(cwd, 'loop'))

    const { code, stderr } = await runMain(['cache', 'save', 'task', 'input', output], { cwd })

    expect([code, stderr]).toEqual([EXIT.output, expect.stringMatching(/^error: .*output/i)])
  },
)

describe('colours', () => {
  test.each([
    ['on a terminal', true, {}, true],
    ['elsewhere', false, {}, false],
    ['with NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['with an empty NO_COLOR', true, { NO_COLOR: '' }, true],
    ['on a dumb terminal', true, { TERM: 'dumb' }, false],
    ['with FORCE_COLOR elsewhere', false, { FORCE_COLOR: '1' }, true],
    ['with FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false],
  ])('%s', async (_, isTerminal, env, expected) => {
    const { stdout } = await runMain(['init'], { cwd: createProject(), env, isTerminal })

    expect(stdout.includes('\u001b[')).toBe(expected)
  })
})

describe('the exit codes', () => {
  test('are different numbers, and only failures of our own are 64 and above', () => {
    const codes = Object.values(EXIT)

    expect(new Set(codes).size).toBe(codes.length)
    expect(codes.filter((code) => code > 1).every((code) => code >= 64)).toBe(true)
  })

  test('docs/exit-codes.md is what scripts/write-exit-codes.ts writes', () => {
    const page = readFileSync(path.join(import.meta.dirname, '../../../docs/exit-codes.md'), 'utf8')

    expect(page).toBe(renderExitCodesPage())
  })
})

describe('loading', () => {
  test.each([
    [['cache', 'get', 'a', 'b', 'c'], ['cache get']],
    [['--config', 'cache', '-C', 'run', '--json', 'audit', 'tail'], ['audit tail']],
    [['config'], ['config show', 'config validate']],
    [['--version'], []],
    [['help'], COMMANDS.map(({ words }) => words)],
    [['completion', 'bash'], COMMANDS.map(({ words }) => words)],
    [[], COMMANDS.map(({ words }) => words)],
  ])('%j loads %j only', (argv, expected) => {
    expect(findCommands(argv).map(({ words }) => words)).toEqual(expected)
  })

  test('--version loads neither the core nor yaml', () => {
    const loaded = execFileSync(
      process.execPath,
      [
        '--import',
        `data:text/javascript,${encodeURIComponent(LIST_LOADED)}`,
        path.join(import.meta.dirname, 'bin.ts'),
        '--version',
      ],
      { encoding: 'utf8' },
    )

    expect(loaded).toContain('commander')
    expect(loaded).not.toMatch(/packages\/core\/(?!src\/process\/stop-signals)|\/yaml\//)
  })
})

/** Prints the address of each module as it is loaded. */
const LIST_LOADED = `
import { registerHooks } from 'node:module'
registerHooks({ load(url, context, next) { process.stdout.write(url + '\\n'); return next(url, context) } })
`

function packageVersion(): string {
  const text = readFileSync(path.join(import.meta.dirname, '..', 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

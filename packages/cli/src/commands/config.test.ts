import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { createProject, runMain } from '../testing/run-main.ts'

const DOCUMENTED = `cache_dir: .taskvault/cache
max_size_gb: 10
hash_algorithm: blake3
log_level: info
policies:
  default:
    ttl_seconds: 604800      # 7 days
    max_size_bytes: 104857600 # 100 MB
    strategy: lru
`

describe('init', () => {
  test('writes the documented configuration, to the letter', async () => {
    const cwd = createProject()

    const { code, stdout, stderr } = await runMain(['init'], { cwd })

    expect([code, stdout, stderr]).toEqual([0, '✓ Created .taskvault/config.yaml\n', ''])
    expect(readFileSync(path.join(cwd, '.taskvault', 'config.yaml'), 'utf8')).toBe(DOCUMENTED)
  })

  test('keeps results out of git, and the configuration in', async () => {
    const cwd = createProject()

    await runMain(['init'], { cwd })

    expect(readFileSync(path.join(cwd, '.taskvault', '.gitignore'), 'utf8')).toBe(
      '/cache/\n/metrics/\n',
    )
  })

  test('leaves an existing configuration alone', async () => {
    const cwd = createProject({ '.taskvault/config.yaml': 'max_size_gb: 3\n' })

    const { code, stdout } = await runMain(['init'], { cwd })

    expect([code, stdout]).toEqual([0, '✓ .taskvault/config.yaml already exists\n'])
    expect(readFileSync(path.join(cwd, '.taskvault', 'config.yaml'), 'utf8')).toBe(
      'max_size_gb: 3\n',
    )
  })

  test('runs where --cwd or TASKVAULT_CWD says', async () => {
    const cwd = createProject({ 'a/x': '', 'b/x': '' })

    await runMain(['init', '--cwd', 'a', '--quiet'], { cwd })
    await runMain(['init'], { cwd, env: { TASKVAULT_CWD: 'b' } })

    expect(['a', 'b', '.'].map((at) => existsSync(path.join(cwd, at, '.taskvault')))).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('config validate', () => {
  test('says that a good file is good', async () => {
    const cwd = createProject({ '.taskvault/config.yaml': DOCUMENTED })

    const { code, stdout } = await runMain(['config', 'validate'], { cwd })

    expect([code, stdout]).toEqual([
      0,
      `✓ ${path.join(cwd, '.taskvault', 'config.yaml')} is valid\n`,
    ])
  })

  test('lists every mistake with its place, and exits 78', async () => {
    const cwd = createProject({ '.taskvault/config.yaml': 'max_size_gb: 0\npolices: {}\n' })

    const { code, stdout, stderr } = await runMain(['config', 'validate'], { cwd })

    expect([code, stdout]).toEqual([78, ''])
    expect(stderr).toBe(
      `error: Invalid configuration: 2 problems:
  .taskvault/config.yaml:1:14: max_size_gb: 0 is not allowed; use a number from 1 to 8388607
  .taskvault/config.yaml:2:1: unknown key "polices"; did you mean "policies"?
hint: Correct what is named above; \`taskvault config validate\` checks again without doing anything.
`,
    )
  })

  test('warns of a variable that is called nearly like a setting', async () => {
    const env = { TASKVAULT_CACHEDIR: 'x', TASKVAULT: './taskvault' }

    const { code, stderr } = await runMain(['config', 'validate'], { cwd: createProject(), env })

    expect([code, stderr]).toEqual([
      0,
      'warning: TASKVAULT_CACHEDIR is not a setting; did you mean TASKVAULT_CACHE_DIR?\n',
    ])
  })
})

describe('config show', () => {
  test('prints each setting with its source', async () => {
    const cwd = createProject({ '.taskvault/config.yaml': 'max_size_gb: 3\n' })

    const { stdout } = await runMain(['config', 'show'], {
      cwd,
      env: { TASKVAULT_LOG_LEVEL: 'debug' },
    })

    expect(stdout).toMatch(/^max_size_gb +3 +\.taskvault\/config\.yaml:1$/m)
    expect(stdout).toMatch(/^log_level +debug +TASKVAULT_LOG_LEVEL$/m)
    expect(stdout).toMatch(/^hash_algorithm +blake3 +default$/m)
  })

  test('as JSON, also when asked to be quiet', async () => {
    const { stdout } = await runMain(['--json', '--quiet', 'config', 'show'], {
      cwd: createProject(),
    })

    expect(JSON.parse(stdout)).toMatchObject({
      configPath: null,
      settings: { max_size_gb: { value: 10, source: { kind: 'default' } } },
    })
  })
})

describe('policy explain', () => {
  const yaml = `policies:
  default:
    ttl_seconds: 604800
  unit_*:
    max_size_bytes: 1000
  main:
    ttl_seconds: 60
branches:
  feature/*:
    write: false
`

  test('names the block and the line that decided each field', async () => {
    const cwd = createProject({ '.taskvault/config.yaml': yaml })

    const { code, stdout } = await runMain(
      ['policy', 'explain', 'unit_tests', '--branch', 'feature/a'],
      { cwd },
    )

    expect(code).toBe(0)
    expect(stdout).toBe(
      `Policy for unit_tests on branch feature/a
  ttl_seconds       604800    policies.default (default)   .taskvault/config.yaml:3
  max_size_bytes    1000      policies.unit_* (task)       .taskvault/config.yaml:5
  strategy          lru       built in
  cache_failures    false     built in
  write             false     branches.feature/* (branch)  .taskvault/config.yaml:10
  pre_commit        require   built in
  pre_merge_commit  require   built in
  pre_push          require   built in
  unstaged          snapshot  built in
  passes_of         anyone    built in
`,
    )
  })

  test('takes the current branch from git when none is given', async () => {
    const cwd = createProject({
      '.taskvault/config.yaml': yaml,
      '.git/HEAD': 'ref: refs/heads/main\n',
    })

    const { stdout } = await runMain(['policy', 'explain', 'lint', '--json'], { cwd })

    expect(JSON.parse(stdout)).toMatchObject({
      task: 'lint',
      branch: 'main',
      fields: {
        ttl_seconds: {
          value: 60,
          section: 'policies',
          name: 'main',
          by: 'branch',
          from: '.taskvault/config.yaml:7',
        },
      },
    })
  })

  test('one file is used from anywhere in its repository', async () => {
    const cwd = createProject({ '.git/HEAD': '', 'a/b': '' })
    writeFileSync(path.join(cwd, 'taskvault.yaml'), yaml)

    const { stdout } = await runMain(
      ['policy', 'explain', 'x', '--config', '../taskvault.yaml', '-C', 'a'],
      { cwd },
    )

    expect(stdout).toContain('604800')
  })
})

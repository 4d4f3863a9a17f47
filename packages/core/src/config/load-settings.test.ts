import { execFileSync } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { TaskVaultError } from '../errors.ts'
import { INITIAL_CONFIG } from './initial-config.ts'
import { loadSettings } from './load-settings.ts'
import type { LoadedSettings } from './settings.ts'

const GB = 2 ** 30

describe('what the product documents show', () => {
  test('the configuration that init writes', async () => {
    const settings = await load({ yaml: INITIAL_CONFIG })

    expect(settings).toMatchObject({
      cacheDirectory: path.join(settings.projectRoot, '.taskvault', 'cache'),
      maxSizeBytes: 10 * GB,
      hashAlgorithm: 'blake3',
      logLevel: 'info',
      policies: { default: { ttlSeconds: 604_800, maxSizeBytes: 104_857_600, strategy: 'lru' } },
    })
  })

  test('the configuration chapter of the README', async () => {
    const settings = await load({ yaml: README_CONFIG, env: { HOME: '/home/ada' } })

    expect(settings).toMatchObject({
      cacheDirectory: path.join('/home/ada', '.taskvault', 'cache'),
      maxSizeBytes: 50 * GB,
      servicePort: 9999,
      policies: {
        default: { ttlSeconds: 604_800, maxSizeBytes: 104_857_600, strategy: 'lru' },
        ml_training: { ttlSeconds: 2_592_000, maxSizeBytes: 5_368_709_120, strategy: 'lru' },
        unit_tests: { ttlSeconds: 86_400, maxSizeBytes: 52_428_800, strategy: 'lru' },
      },
    })
  })

  test('policies by branch', async () => {
    const settings = await load({
      yaml: `policies:
  main:
    ttl_seconds: 604800         # 7 days
  develop:
    ttl_seconds: 86400          # 1 day
  feature/*:
    ttl_seconds: 3600           # 1 hour
`,
    })

    expect({ ...settings.policies }).toEqual({
      main: { ttlSeconds: 604_800 },
      develop: { ttlSeconds: 86_400 },
      'feature/*': { ttlSeconds: 3600 },
    })
  })
})

describe('the file', () => {
  test('a task takes lists, and single texts for lists of one', async () => {
    const settings = await load({
      yaml: `tasks:
  unit_tests:
    command: npm test
    inputs: [src/**, "!src/**/*.md", "?local.env"]
    outputs: [coverage/, packages/*/dist, '!**/*.map', '?**/*.tsbuildinfo']
    env: [CI]
    tools: node --version
    salt: "2"
    hooks: [pre-commit, pre-push]
  lint:
    command: [eslint, .]
secrets: [NPM_TOKEN]
`,
    })

    expect({ ...settings.tasks }).toEqual({
      unit_tests: {
        command: 'npm test',
        inputs: ['src/**', '!src/**/*.md', '?local.env'],
        outputs: ['coverage/', 'packages/*/dist', '!**/*.map', '?**/*.tsbuildinfo'],
        env: ['CI'],
        tools: ['node --version'],
        salt: '2',
        hooks: ['pre-commit', 'pre-push'],
      },
      lint: { command: ['eslint', '.'], inputs: [], outputs: [], env: [], tools: [] },
    })
    expect(settings.secrets).toEqual(['NPM_TOKEN'])
  })

  test.each([
    ['nothing', ''],
    ['comments only', '# later\n'],
    ['keys whose content is commented out', 'policies:\n  # main:\ntasks:\nsecrets:\n'],
    ['a byte order mark', '\uFEFFmax_size_gb: 10\n'],
    ['Windows line ends', 'max_size_gb: 10\r\nlog_level: info\r\n'],
    ['JSON', '{"max_size_gb": 10}'],
  ])('may hold %s', async (_, yaml) => {
    expect((await load({ yaml })).maxSizeBytes).toBe(10 * GB)
  })

  test('anchors and merge keys work, and what a block says itself wins', async () => {
    const settings = await load({
      yaml: `policies:
  default: &base
    ttl_seconds: 60
    strategy: lfu
  lint:
    <<: *base
    ttl_seconds: 5
`,
    })

    expect(settings.policies['lint']).toEqual({ ttlSeconds: 5, strategy: 'lfu' })
  })

  test('sizes may be fractions of a gigabyte; words lift limits', async () => {
    const settings = await load({
      yaml: 'max_size_gb: 1.5\npolicies: { models: { ttl_seconds: never, max_size_bytes: unlimited } }',
    })

    expect(settings.maxSizeBytes).toBe(1.5 * GB)
    expect(settings.policies['models']).toEqual({ ttlSeconds: 'never', maxSizeBytes: 'unlimited' })
  })

  test('a name out of the language itself declares nothing by accident', async () => {
    const settings = await load({
      yaml: 'tasks: { __proto__: { command: x }, lint: { command: y } }',
    })

    expect(settings.tasks['constructor']).toBeUndefined()
    expect(Object.keys(settings.tasks)).toEqual(['__proto__', 'lint'])
  })

  test('remembers the line of every setting', async () => {
    const settings = await load({
      yaml: 'max_size_gb: 20\npolicies:\n  "v1.2":\n    ttl_seconds: 60\n',
    })

    expect(settings.sources.get('max_size_gb')).toMatchObject({ kind: 'file', line: 1, column: 14 })
    expect(settings.sources.get('policies."v1.2".ttl_seconds')).toMatchObject({
      line: 4,
      column: 18,
    })
    expect(settings.sources.get('log_level')).toBeUndefined()
  })

  test('remembers of a list where it begins', async () => {
    const settings = await load({
      yaml: 'tasks:\n  lint:\n    inputs:\n      - src/**\n      - test/**\n',
    })

    expect(settings.sources.get('tasks.lint.inputs')).toMatchObject({ line: 4, column: 7 })
  })
})

describe('what is refused, and how', () => {
  test.each([
    ['max_size_gb: 0', '1:14: max_size_gb: 0 is not allowed; use a number from 1 to 8388607'],
    [
      'max_size_gb: .inf',
      '1:14: max_size_gb: Infinity is not allowed; use a number from 1 to 8388607',
    ],
    ['max_size_gb: ten', '1:14: max_size_gb: "ten" is not allowed; use a number from 1 to 8388607'],
    [
      '\nhash_algorithm: md5',
      '2:17: hash_algorithm: "md5" is not allowed; use one of: blake3, sha256',
    ],
    [
      'log_level: loud',
      '1:12: log_level: "loud" is not allowed; use one of: debug, info, warn, error',
    ],
    [
      'service_port: 70000',
      '1:15: service_port: 70000 is not allowed; use a whole number from 1 to 65535',
    ],
    ['cache_dir:', '1:11: cache_dir: null is not allowed; use a non-empty string'],
    [
      'tasks: { t: { command: true } }',
      '1:24: tasks.t.command: true is not allowed; use a non-empty string, in quotes',
    ],
    ['tasks: { t: { salt: 2 } }', '1:21: tasks.t.salt: 2 is not allowed; use a string, in quotes'],
    ['cache_dir: [a]', '1:12: cache_dir: a list is not allowed; use a non-empty string'],
    ['max_size: 5', '1:1: unknown key "max_size"; did you mean "max_size_gb"?'],
    ['polices: {}', '1:1: unknown key "polices"; did you mean "policies"?'],
    [
      'policies: { default: { ttl: 5, tl_seconds: 5 } }',
      '1:32: unknown key "policies.default.tl_seconds"; did you mean "ttl_seconds"?',
    ],
    [
      'policies: { default: { colour: 5 } }',
      '1:24: unknown key "policies.default.colour"; allowed: ttl_seconds, max_size_bytes, strategy, cache_failures, write',
    ],
    [
      'policies: { default: { ttl_seconds: 0 } }',
      '1:37: policies.default.ttl_seconds: 0 is not allowed; use a whole number from 1 to 3155760000, or never',
    ],
    [
      'policies: { default: { ttl_seconds: 1.5 } }',
      '1:37: policies.default.ttl_seconds: 1.5 is not allowed; use a whole number from 1 to 3155760000, or never',
    ],
    [
      'policies: { default: { strategy: random } }',
      '1:34: policies.default.strategy: "random" is not allowed; use one of: lru, lfu, fifo',
    ],
    [
      'policies: { main: { write: yes } }',
      '1:28: policies.main.write: "yes" is not allowed; use true, false, or ci',
    ],
    [
      'policies: 5',
      '1:11: policies: 5 is not allowed; use a map (lines of "key: value", indented)',
    ],
    ['- a', '1:1: a list is not allowed; use a map (lines of "key: value", indented)'],
    ['tasks: { "a b": {} }', '1:10: tasks."a b": Use 1 to 200 printable characters without spaces'],
    [
      'tasks: { t: { outputs: [../x] } }',
      '1:25: tasks.t.outputs: "../x" is not allowed; use a path in the project',
    ],
    ['tasks: { t: { outputs: [/etc] } }', '1:25: tasks.t.outputs: "/etc" is not allowed'],
    [
      'tasks:\n  t:\n    outputs:\n      - dist\n      - "**"',
      '5:9: tasks.t.outputs: "**" is not allowed; use a path in the project, such as dist or reports/junit.xml, or a pattern',
    ],
    ['tasks: { t: { outputs: ["*/../x"] } }', '1:25: tasks.t.outputs: "*/../x" is not allowed'],
    ['tasks: { t: { outputs: ["!/x"] } }', '1:25: tasks.t.outputs: "!/x" is not allowed'],
    ['tasks: { t: { outputs: ["*/{dist"] } }', '1:25: tasks.t.outputs: "*/{dist" is not allowed'],
    ['tasks: { t: { outputs: ["!dist"] } }', '1:24: tasks.t.outputs: all lines are exclusions'],
    ['tasks: { t: { hooks: [post-merge] } }', 'use one of: pre-commit, pre-merge-commit, pre-push'],
    [
      'tasks: { t: { env: [A=B] } }',
      '1:21: tasks.t.env: "A=B" is not allowed; use the name of an environment variable',
    ],
    [
      'tasks: { t: { command: [] } }',
      '1:24: tasks.t.command: an empty list is not allowed; use a line for the shell, or a list of words',
    ],
    ['max_size_gb: 1\nmax_size_gb: 2', '2:1: max_size_gb is there already; put everything'],
    ['tasks:\n  "a b" : { }\n  "a b" : { }', '3:3: "a b" is there already'],
    ['{ tasks: { t: { }, t: { } } }', '1:20: t is there already'],
    ['max_size_gb: 1\n---\nlog_level: info', 'a second document begins here'],
    ['a: b: c', '1:4: Nested mappings are not allowed in compact mappings'],
    ['? [a, b]\n: c', '1:3: a key must be plain text'],
    ['tasks: &a { t: *a }', 'nested too deeply'],
    ['max_size_gb: &a 5\ncache_dir: *b', '2:12: no "&b" comes before this'],
  ])('%j', async (yaml, expected) => {
    const error = await failureOf({ yaml })

    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toContain(`.taskvault${path.sep}config.yaml:`)
    expect(error.message).toContain(expected)
    expect(error.hint).toBeDefined()
  })

  test('everything that is wrong is in one error', async () => {
    const error = await failureOf({
      yaml: 'max_size_gb: 0\nlog_level: 5\npolicies:\n  main:\n    ttl: 1\n',
    })

    expect(error.message).toContain('3 problems')
    expect(error.message).toMatch(
      /:1:14: max_size_gb.*\n.*:2:12: log_level.*\n.*:5:5: unknown key "policies\.main\.ttl"/,
    )
  })

  test('a long value is cut short', async () => {
    const error = await failureOf({ yaml: `log_level: ${'x'.repeat(500)}` })

    expect(error.message.length).toBeLessThan(300)
  })

  test('text that is not UTF-8, and a file too large to be a configuration', async () => {
    expect((await failureOf({ yaml: Buffer.from([0x61, 0xff, 0xfe]) })).message).toContain(
      'not UTF-8',
    )
    expect((await failureOf({ yaml: '#'.repeat(2 ** 20 + 1) })).message).toContain(
      'larger than 1 MB',
    )
  })

  test('a file that was named and is not there', async () => {
    const error = await failureOf({ configPath: 'missing.yaml' })

    expect(error.code).toBe('CONFIG_NOT_FOUND')
    expect(error.message).toContain('missing.yaml')
  })

  test.each(['.', '', '.taskvault'])('%j, which is a directory', async (configPath) => {
    const error = await failureOf({ yaml: '', configPath })

    expect(error.code).toBe('CONFIG_NOT_FOUND')
    expect(error.message).toMatch(/ (?:\/.*|\.taskvault)$/)
  })
})

describe('the environment', () => {
  test('every setting has a variable, and it wins over the file', async () => {
    const settings = await load({
      yaml: 'cache_dir: a\nmax_size_gb: 2\npolicies: { main: { ttl_seconds: 5 } }',
      env: {
        TASKVAULT_CACHE_DIR: 'elsewhere',
        TASKVAULT_MAX_SIZE_GB: '3.5',
        TASKVAULT_HASH_ALGORITHM: 'sha256',
        TASKVAULT_LOG_LEVEL: 'debug',
        TASKVAULT_SERVICE_PORT: '8080',
        TASKVAULT_POLICIES: '{"default": {"ttl_seconds": 60}}',
        TASKVAULT_BRANCHES: 'main: { write: true }',
        TASKVAULT_TASKS: '{ lint: { command: eslint } }',
        TASKVAULT_SECRETS: 'NPM_TOKEN, AWS_SECRET',
      },
    })

    expect(settings).toMatchObject({
      cacheDirectory: path.join(settings.projectRoot, 'elsewhere'),
      maxSizeBytes: 3.5 * GB,
      hashAlgorithm: 'sha256',
      logLevel: 'debug',
      servicePort: 8080,
      branches: { main: { write: true } },
      tasks: { lint: { command: 'eslint' } },
      secrets: ['NPM_TOKEN', 'AWS_SECRET'],
    })
    expect({ ...settings.policies }).toEqual({ default: { ttlSeconds: 60 } })
    expect(settings.sources.get('max_size_gb')).toEqual({
      kind: 'environment',
      name: 'TASKVAULT_MAX_SIZE_GB',
    })
    expect(settings.sources.get('policies.main.ttl_seconds')).toBeUndefined()
  })

  test.each([
    ['TASKVAULT_MAX_SIZE_GB', '0', 'max_size_gb: 0 is not allowed; use a number from 1'],
    ['TASKVAULT_MAX_SIZE_GB', 'ten', 'max_size_gb: "ten" is not allowed'],
    [
      'TASKVAULT_HASH_ALGORITHM',
      'md5',
      'hash_algorithm: "md5" is not allowed; use one of: blake3, sha256',
    ],
    ['TASKVAULT_LOG_LEVEL', 'loud', 'log_level: "loud" is not allowed'],
    ['TASKVAULT_SERVICE_PORT', '0', 'service_port: 0 is not allowed'],
    ['TASKVAULT_POLICIES', '{ main: { tl: 1 } }', 'unknown key "policies.main.tl"'],
    ['TASKVAULT_TASKS', '{', 'TASKVAULT_TASKS: '],
    ['TASKVAULT_SECRETS', 'A=B', 'secrets: "A=B" is not allowed'],
    ['TASKVAULT_FORK', 'perhaps', '"perhaps" is not allowed; use one of: true, '],
    ['TASKVAULT_BRANCH_IS_DEFAULT', 'main', '"main" is not allowed'],
    ['TASKVAULT_SKIP', 'unit_tests', '"unit_tests" is not allowed'],
    ['TASKVAULT_FORCE', '2', '"2" is not allowed'],
  ])('%s=%s is refused by the name of the variable', async (name, value, expected) => {
    const error = await failureOf({ env: { [name]: value } })

    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toContain(`${name}: `)
    expect(error.message).toContain(expected)
  })

  test('a text setting may look like a number', async () => {
    const settings = await load({ env: { TASKVAULT_CACHE_DIR: '123' } })

    expect(path.basename(settings.cacheDirectory)).toBe('123')
  })

  test('an empty variable sets nothing', async () => {
    const settings = await load({
      yaml: 'max_size_gb: 2',
      env: { TASKVAULT_MAX_SIZE_GB: '', TASKVAULT_CONFIG: '' },
    })

    expect(settings.maxSizeBytes).toBe(2 * GB)
  })

  test('TASKVAULT_CONFIG names the file, and a path given directly wins over it', async () => {
    const root = project({ 'a.yaml': 'max_size_gb: 3', 'b.yaml': 'max_size_gb: 4' })
    const env = { TASKVAULT_CONFIG: 'a.yaml' }

    const named = await loadSettings({ cwd: root, env })
    const direct = await loadSettings({ cwd: root, configPath: 'b.yaml', env })

    expect([named.maxSizeBytes, direct.maxSizeBytes]).toEqual([3 * GB, 4 * GB])
    expect(named.projectRoot).toBe(root)
  })
})

describe('finding the project', () => {
  test('without a file there are defaults, and nothing is created', async () => {
    const settings = await load({})

    expect(settings).toMatchObject({
      configPath: undefined,
      maxSizeBytes: 10 * GB,
      hashAlgorithm: 'blake3',
    })
  })

  test('a subdirectory of a repository uses the configuration at its root', async () => {
    const root = project({
      '.git/HEAD': '',
      '.taskvault/config.yaml': 'max_size_gb: 3',
      'a/b/c.txt': '',
    })

    const settings = await loadSettings({ cwd: path.join(root, 'a', 'b'), env: {} })

    expect(settings).toMatchObject({ projectRoot: root, maxSizeBytes: 3 * GB })
  })

  test('the nearest configuration counts', async () => {
    const root = project({
      '.git/HEAD': '',
      '.taskvault/config.yaml': 'max_size_gb: 3',
      'a/.taskvault/config.yaml': 'max_size_gb: 4',
      'a/b/c.txt': '',
    })

    const settings = await loadSettings({ cwd: path.join(root, 'a', 'b'), env: {} })

    expect(settings).toMatchObject({ projectRoot: path.join(root, 'a'), maxSizeBytes: 4 * GB })
  })

  test('nothing above the repository is looked at, nor above a directory that is in none', async () => {
    const root = project({
      '.taskvault/config.yaml': 'max_size_gb: 3',
      'repository/.git': 'gitdir: elsewhere',
      'plain/file': '',
    })

    const inRepository = await loadSettings({ cwd: path.join(root, 'repository'), env: {} })
    const inNone = await loadSettings({ cwd: path.join(root, 'plain'), env: {} })

    expect([inRepository.configPath, inNone.configPath]).toEqual([undefined, undefined])
  })

  test.skipIf(process.getuid?.() !== 0)('what another user put above us is not used', async () => {
    const root = project({
      '.git/HEAD': '',
      '.taskvault/config.yaml': 'max_size_gb: 3',
      'a/file': '',
    })
    chownSync(path.join(root, '.taskvault', 'config.yaml'), 65_534, 65_534)

    expect((await loadSettings({ cwd: path.join(root, 'a'), env: {} })).configPath).toBeUndefined()
    expect((await loadSettings({ cwd: root, env: {} })).maxSizeBytes).toBe(3 * GB)
  })

  test.each([
    ['a directory', 'mkdir "$1"'],
    ['no regular file', 'mkfifo "$1"'],
    ['a link that leads nowhere', 'ln -s nowhere "$1"'],
  ])('what is %s is refused by its path, and not passed over', async (kind, command) => {
    const root = project({ '.git/HEAD': '', '.taskvault/keep': '', 'a/file': '' })
    const file = path.join(root, '.taskvault', 'config.yaml')
    execFileSync('sh', ['-c', command, 'sh', file])
    const expected = {
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(`${file} cannot be read: it is ${kind}`),
    }

    await expect(loadSettings({ cwd: root, env: {} })).rejects.toMatchObject(expected)
    await expect(loadSettings({ cwd: path.join(root, 'a'), env: {} })).rejects.toMatchObject(
      expected,
    )
  })

  test('what is /dev/null hides a configuration', async () => {
    const root = project({ '.taskvault/keep': '' })
    symlinkSync('/dev/null', path.join(root, '.taskvault', 'config.yaml'))

    expect((await loadSettings({ cwd: root, env: {} })).configPath).toBeUndefined()
  })

  test('a configuration file may be a link', async () => {
    const root = project({ 'shared.yaml': 'max_size_gb: 3', '.taskvault/keep': '' })
    symlinkSync('../shared.yaml', path.join(root, '.taskvault', 'config.yaml'))

    expect((await loadSettings({ cwd: root, env: {} })).maxSizeBytes).toBe(3 * GB)
  })
})

interface Case {
  readonly yaml?: string | Uint8Array
  readonly env?: Record<string, string>
  readonly configPath?: string
}

async function load({ yaml, env = {}, configPath }: Case): Promise<LoadedSettings> {
  const root = project(yaml === undefined ? {} : { '.taskvault/config.yaml': yaml })
  return await loadSettings({ cwd: root, env, configPath })
}

async function failureOf(input: Case): Promise<TaskVaultError> {
  const error: unknown = await load(input).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof TaskVaultError)) throw new Error(`not refused: ${String(error)}`)
  return error
}

function project(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'taskvault-config-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, ...name.split('/'))
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  return root
}

const README_CONFIG = `# .taskvault/config.yaml

# Directory for cache storage (default: .taskvault/cache)
cache_dir: ~/.taskvault/cache

# Maximum cache size in GB (auto-evicts LRU when exceeded)
max_size_gb: 50

# Hashing algorithm: blake3 (fast) or sha256 (compatible)
hash_algorithm: blake3

# Logging detail: debug, info, warn, error
log_level: info

# Service port for future REST API
service_port: 9999

# Per-task caching policies
policies:
  default:
    ttl_seconds: 604800          # Cache for 7 days
    max_size_bytes: 104857600     # Max 100 MB per entry
    strategy: lru                 # Evict least-recently-used

  ml_training:
    ttl_seconds: 2592000         # Keep ML models 30 days
    max_size_bytes: 5368709120   # Allow 5 GB per model
    strategy: lru

  unit_tests:
    ttl_seconds: 86400           # Tests fresh after 24h
    max_size_bytes: 52428800     # Limit to 50 MB
    strategy: lru
`

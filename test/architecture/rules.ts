/** What the code of one layer may lean on. Whatever is not listed is forbidden. */
export interface LayerRule {
  /** Layers whose code may be imported; a layer's own files always may. */
  readonly imports: readonly string[]
  /** Layers of which only types may be imported, in addition: such an arrow is gone at run time. */
  readonly types?: readonly string[]
  readonly node: readonly string[]
  readonly libraries?: readonly string[]
}

const PURE = ['node:buffer', 'node:path/posix', 'node:util']
const FILES = [...PURE, 'node:crypto', 'node:fs', 'node:os', 'node:path', 'node:zlib']

/**
 * Every layer and what it may import. A layer is a folder of a package's `src` (`core/model` is
 * packages/core/src/model) or one file there (`core/errors`); `cli` is all of that package.
 * Code that is in no layer fails the test, so a new folder is a decision that is made here.
 */
export const LAYERS: Readonly<Record<string, LayerRule>> = {
  'core/errors': { imports: [], node: [] },
  // Pure: takes data, returns data.
  'core/model': { imports: ['core/errors'], types: ['core/hashing'], node: PURE },
  'core/hashing': {
    imports: ['core/errors', 'core/model'],
    node: [...FILES, 'node:module', 'node:stream'],
    libraries: ['@napi-rs/blake-hash', 'hash-wasm'],
  },
  'core/config': {
    imports: ['core/errors', 'core/model', 'core/hashing', 'core/files'],
    node: FILES,
    libraries: ['yaml'],
  },
  // Which machine we run on: CI systems, and what git says of the checkout.
  'core/platform': { imports: ['core/model', 'core/git'], node: FILES },
  'core/files': {
    imports: ['core/errors', 'core/model', 'core/hashing'],
    node: [...FILES, 'node:url', 'node:worker_threads'],
    libraries: ['picomatch'],
  },
  'core/git': {
    imports: ['core/errors', 'core/model', 'core/hashing', 'core/files'],
    node: [...FILES, 'node:child_process'],
  },
  // The hooks that git runs: what is there, what to change, and the change.
  'core/hook-files': {
    imports: ['core/errors', 'core/model', 'core/files', 'core/git', 'core/store'],
    node: FILES,
  },
  'core/process': {
    imports: ['core/errors', 'core/model', 'core/files'],
    node: [...FILES, 'node:child_process', 'node:net', 'node:stream', 'node:timers/promises'],
    libraries: ['cross-spawn'],
  },
  'core/store': {
    imports: ['core/errors', 'core/model', 'core/hashing', 'core/files'],
    node: [
      ...FILES,
      'node:events',
      'node:module',
      'node:sqlite',
      'node:timers/promises',
      'node:url',
      'node:worker_threads',
    ],
    libraries: ['better-sqlite3'],
  },
  // What a restore does to the work tree.
  'core/outputs': {
    imports: ['core/errors', 'core/model', 'core/hashing', 'core/files', 'core/store'],
    node: FILES,
  },
  // What is elsewhere: servers, buckets and shared folders.
  'core/remote': {
    imports: ['core/errors', 'core/model', 'core/hashing', 'core/files'],
    node: [
      ...FILES,
      'node:events',
      'node:fs/promises',
      'node:net',
      'node:stream',
      'node:timers/promises',
      'node:tls',
      'node:url',
    ],
    libraries: ['undici', 'aws4fetch'],
  },
  // What others pack.
  'core/archive': {
    imports: ['core/errors', 'core/files'],
    node: [...FILES, 'node:events', 'node:stream', 'node:stream/promises'],
    libraries: ['tar-stream'],
  },
  // The use cases: the only place that may bring all of the others together.
  'core/vault': {
    imports: [
      'core/archive',
      'core/errors',
      'core/model',
      'core/hashing',
      'core/config',
      'core/files',
      'core/git',
      'core/outputs',
      'core/platform',
      'core/process',
      'core/remote',
      'core/store',
    ],
    node: [...FILES, 'node:async_hooks', 'node:child_process', 'node:stream'],
  },
  // What happens when a git hook runs.
  'core/hooks': {
    imports: [
      'core/errors',
      'core/model',
      'core/config',
      'core/files',
      'core/git',
      'core/hashing',
      'core/platform',
      'core/store',
      'core/vault',
    ],
    node: FILES,
  },
  'core/index': {
    imports: [
      'core/hooks',
      'core/errors',
      'core/model',
      'core/hashing',
      'core/config',
      'core/platform',
      'core/files',
      'core/hook-files',
      'core/process',
      'core/remote',
      'core/store',
      'core/vault',
    ],
    node: [],
  },
  // The tables of all the others, and the two databases that may hold them.
  'server/database': {
    imports: ['core'],
    node: [...FILES, 'node:sqlite', 'node:timers/promises'],
    libraries: ['kysely', 'pg'],
  },
  // Pure: what verified claims allow. Of the rest of the folder it knows the words only: principal.ts.
  'server/trust/model': { imports: ['core', 'server/trust'], node: PURE },
  // Which roles, scopes and rules there are, and who a caller is.
  'server/trust': {
    imports: ['core', 'server/database', 'server/trust/model'],
    node: [...FILES, 'node:net'],
    libraries: ['jose', 'kysely'],
  },
  // Entries and blobs of many tenants.
  'server/engine': {
    imports: ['core', 'server/database', 'server/trust', 'server/trust/model'],
    node: [...FILES, 'node:fs/promises'],
    libraries: ['kysely'],
  },
  // Who shares nothing with anybody else on the same server.
  'server/tenants': {
    imports: ['core', 'server/database', 'server/trust/model'],
    types: ['server/trust'],
    node: [],
    libraries: ['kysely'],
  },
  // Numbers about callers, tasks and requests.
  'server/metrics': { imports: [], types: ['server/engine'], node: [], libraries: ['prom-client'] },
  // Sockets, limits, and who calls; knows no protocol.
  // Also the one shape of refusals, which every protocol describes.
  'server/http': {
    imports: ['core', 'server/metrics', 'server/trust/model'],
    types: ['server/trust', 'server/engine', 'server/tenants'],
    node: [...FILES, 'node:http', 'node:https', 'node:net', 'node:stream', 'node:tls'],
    libraries: ['fastify', 'fastify-type-provider-zod', '@fastify/swagger', 'pino', 'zod'],
  },
  // One folder a protocol: its words to the engine's, and back.
  'server/protocols': {
    imports: ['core', 'server/http', 'server/trust', 'server/trust/model'],
    types: ['server/engine'],
    node: [...PURE, 'node:crypto'],
    libraries: ['fastify', 'zod'],
  },
  // What the server's configuration may say.
  'server/settings': {
    imports: [
      'core',
      'core/config',
      'server/http',
      'server/trust',
      'server/trust/model',
      'server/engine',
    ],
    node: FILES,
  },
  // Everything above, put together.
  'server/open-places': {
    imports: ['core', 'server/trust'],
    types: ['server/http', 'server/settings'],
    node: [...FILES, 'node:fs/promises'],
  },
  'server/start-server': {
    imports: [
      'core',
      'server/database',
      'server/engine',
      'server/http',
      'server/metrics',
      'server/open-places',
      'server/protocols',
      'server/tenants',
      'server/trust',
    ],
    types: ['server/settings'],
    node: ['node:timers/promises'],
    libraries: ['pino'],
  },
  'server/index': {
    imports: [
      'server/engine',
      'server/http',
      'server/settings',
      'server/start-server',
      'server/trust',
      'server/trust/model',
    ],
    node: [],
  },
  // Translates what a step says, and calls core.
  action: {
    imports: ['core', 'core/stop-signals'],
    node: ['node:crypto', 'node:fs', 'node:module', 'node:path', 'node:process', 'node:stream'],
  },
  cli: {
    imports: ['core', 'core/stop-signals', 'server'],
    node: [
      ...FILES,
      'node:process',
      'node:stream',
      'node:stream/consumers',
      'node:stream/promises',
      'node:readline',
      'node:timers/promises',
      'node:tty',
    ],
    libraries: ['@lydell/node-pty', 'commander'],
  },
}

/** Files longer than 250 lines, each with the reason why it is still one file. */
export const LONG_FILES: Readonly<Record<string, string>> = {}

/** What may not stand in a layer's code, beyond imports. */
export interface ForbiddenText {
  readonly layer: string
  readonly pattern: RegExp
  readonly because: string
  readonly except?: readonly string[]
}

/** Also with calls among the arguments, such as `mkdirSync(dirname(path), { recursive: true })`. */
const MAKES_ALL_ABOVE = /\bmkdir(?:Sync)?\((?:[^()]|\([^()]*\))*\brecursive\b/

export const FORBIDDEN_TEXTS: readonly ForbiddenText[] = [
  ...['core', 'server', 'cli', 'action'].map((layer) => ({
    layer,
    pattern: MAKES_ALL_ABOVE,
    because: 'ensureDirectory makes directories: Node never ends with those above below /proc',
  })),
  {
    layer: 'core/model',
    pattern: /\bprocess\.|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\./,
    because: 'model/ knows no process, clock or chance: they arrive as arguments',
  },
  {
    layer: 'server/trust/model',
    pattern: /\bprocess\.|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bfetch\(/,
    because: 'what claims allow depends on nothing but the claims and the settings',
  },
  {
    layer: 'core',
    pattern: /\bconsole\.|\bprocess\.(stdout|stderr)\b/,
    because: 'core prints nothing: it reports events',
  },
  {
    layer: 'cli',
    pattern: /\bconsole\.|\bprocess\./,
    because: 'only start.ts and hook.ts touch the process; everything else gets a Host',
    except: ['packages/cli/src/start.ts', 'packages/cli/src/hook.ts'],
  },
  {
    layer: 'action',
    pattern: /\bconsole\.|\bprocess\./,
    because: 'only the four files that the runner starts, and run-half.ts, touch the process',
    except: ['main', 'post', 'restore', 'save', 'run-half'].map(
      (name) => `actions/cache-action/src/${name}.ts`,
    ),
  },
]

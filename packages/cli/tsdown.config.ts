import type { Rolldown, UserConfig } from 'tsdown'
import { lazyBuiltins } from '../../tsdown-lazy-builtins.ts'
import { smallUndici } from '../../tsdown-small-undici.ts'
import { base } from '../../tsdown.base.ts'

const NATIVE = ['@napi-rs/blake-hash', 'better-sqlite3', '@lydell/node-pty']
/** With a web framework and a database's driver, it is larger than all else, and rarely needed. */
const SERVER = '@taskvault/server'
// With all that it needs.
const CROSS_SPAWN = [
  'cross-spawn',
  'isexe',
  'path-key',
  'shebang-command',
  'shebang-regex',
  'which',
]
// With all that it needs.
const TAR_STREAM = ['tar-stream', 'b4a', 'events-universal', 'fast-fifo', 'streamx', 'text-decoder']

// Chunks are no files to Node, which they could ask to `import()` something.
const WITHOUT_IMPORTS = { dynamicImportInCjs: false }

/** What most commands need of the core: as one file it is loaded in half the time that forty files take. */
const MOST_COMMANDS = { test: /packages[\\/]core[\\/]src[\\/](?!remote)/, minShareCount: 8 }

/**
 * The command as a handful of files: reading one file instead of a hundred is most of what a short
 * run costs. They are CommonJS, because Node starts its loader of ES modules only where there are
 * any, and that takes longer than all of ours. What brings native code stays outside, because its
 * binaries must be found at run time.
 */
const command: UserConfig = {
  ...base,
  entry: { start: 'src/start.ts' },
  dts: false,
  publint: true,
  format: 'cjs',
  plugins: [lazyBuiltins(), smallUndici()],
  inputOptions: { preserveEntrySignatures: 'allow-extension' },
  outputOptions: {
    ...WITHOUT_IMPORTS,
    codeSplitting: {
      groups: [{ name: 'core', ...MOST_COMMANDS, includeDependenciesRecursively: false }],
    },
  },
  suppressWarnings: 'We recommend using the ESM format',
  deps: {
    neverBundle: [...NATIVE, SERVER],
    onlyImport: [...NATIVE, SERVER],
    onlyBundle: [
      'aws4fetch',
      'commander',
      'hash-wasm',
      'picomatch',
      'undici',
      'yaml',
      ...CROSS_SPAWN,
      ...TAR_STREAM,
    ],
  },
}

/**
 * What most git hooks need, once more and in one file: as parts of the command it would be forty, with
 * three times as much in them. What it leaves to the command as a whole stays outside.
 */
const hook: UserConfig = {
  ...command,
  entry: { hook: 'src/hook.ts' },
  outputOptions: { ...WITHOUT_IMPORTS, chunkFileNames: 'hook-[name].cjs' },
  plugins: [lazyBuiltins(), outside('./start.ts', './start.cjs')],
}

/** What threads need, and no more: they keep no compiled code. */
const workers: UserConfig = {
  ...command,
  entry: {
    'restore-worker': '../core/src/store/unpacking/restore-worker.ts',
    'read-ahead-worker': '../core/src/files/scanning/read-ahead-worker.ts',
    'file-worker': '../core/src/files/contents/file-worker.ts',
  },
  outputOptions: { chunkFileNames: 'worker-[name].cjs' },
}

/** Has a module of ours be loaded from where it is built to, instead of being built once more. */
function outside(source: string, built: string): Rolldown.Plugin {
  return {
    name: 'outside',
    resolveId: (id) => (id === source ? { id: built, external: true } : undefined),
  }
}

const configs: UserConfig[] = [command, hook, workers]
export default configs

import type { Command } from 'commander'
import type { Cli } from './cli.ts'

/** Adds one command below `parent`. Its words are the path of the file that exports this: commands/cache/ls.ts. */
export type Register = (parent: Command, cli: Cli) => void

/** A command by its words, and how to load the module that knows the rest. */
export interface CommandRow {
  readonly words: string
  readonly load: () => Promise<Register>
}

/** Words that only hold further commands. */
export const COMMAND_GROUPS: Readonly<Record<string, string>> = {
  cache: 'Save, get and manage entries',
  policy: 'Show which policy applies',
  audit: 'Read and check the audit log',
  config: 'Show and check the configuration',
  keys: 'Create, list and revoke API keys of a server',
  hooks: 'Make git run tasks before commits and pushes',
}

/*
 * Only the command that was asked for is loaded, so that a hit does not pay for the others; help
 * and completion load all. The order is the order of the help.
 */
export const COMMANDS: readonly CommandRow[] = [
  { words: 'init', load: async () => (await import('./commands/init.ts')).registerInit },
  { words: 'run', load: async () => (await import('./commands/run.ts')).registerRun },
  { words: 'explain', load: async () => (await import('./commands/explain.ts')).registerExplain },
  { words: 'restore', load: async () => (await import('./commands/restore.ts')).registerRestore },
  { words: 'save', load: async () => (await import('./commands/save.ts')).registerSave },
  {
    words: 'cache save',
    load: async () => (await import('./commands/cache/save.ts')).registerCacheSave,
  },
  {
    words: 'cache get',
    load: async () => (await import('./commands/cache/get.ts')).registerCacheGet,
  },
  {
    words: 'cache stats',
    load: async () => (await import('./commands/cache/stats.ts')).registerCacheStats,
  },
  { words: 'cache ls', load: async () => (await import('./commands/cache/ls.ts')).registerCacheLs },
  {
    words: 'cache show',
    load: async () => (await import('./commands/cache/show.ts')).registerCacheShow,
  },
  { words: 'cache rm', load: async () => (await import('./commands/cache/rm.ts')).registerCacheRm },
  {
    words: 'cache invalidate',
    load: async () => (await import('./commands/cache/invalidate.ts')).registerCacheInvalidate,
  },
  {
    words: 'cache prune',
    load: async () => (await import('./commands/cache/prune.ts')).registerCachePrune,
  },
  {
    words: 'cache verify',
    load: async () => (await import('./commands/cache/verify.ts')).registerCacheVerify,
  },
  { words: 'cache gc', load: async () => (await import('./commands/cache/gc.ts')).registerCacheGc },
  {
    words: 'policy explain',
    load: async () => (await import('./commands/policy/explain.ts')).registerPolicyExplain,
  },
  {
    words: 'audit tail',
    load: async () => (await import('./commands/audit/tail.ts')).registerAuditTail,
  },
  {
    words: 'audit verify',
    load: async () => (await import('./commands/audit/verify.ts')).registerAuditVerify,
  },
  {
    words: 'config show',
    load: async () => (await import('./commands/config/show.ts')).registerConfigShow,
  },
  {
    words: 'config validate',
    load: async () => (await import('./commands/config/validate.ts')).registerConfigValidate,
  },
  { words: 'serve', load: async () => (await import('./commands/serve.ts')).registerServe },
  {
    words: 'keys create',
    load: async () => (await import('./commands/keys/create.ts')).registerKeysCreate,
  },
  {
    words: 'keys list',
    load: async () => (await import('./commands/keys/list.ts')).registerKeysList,
  },
  {
    words: 'keys revoke',
    load: async () => (await import('./commands/keys/revoke.ts')).registerKeysRevoke,
  },
  { words: 'why', load: async () => (await import('./commands/why.ts')).registerWhy },
  { words: 'doctor', load: async () => (await import('./commands/doctor.ts')).registerDoctor },
  {
    words: 'hooks install',
    load: async () => (await import('./commands/hooks/install.ts')).registerHooksInstall,
  },
  {
    words: 'hooks uninstall',
    load: async () => (await import('./commands/hooks/uninstall.ts')).registerHooksUninstall,
  },
  {
    words: 'hooks status',
    load: async () => (await import('./commands/hooks/status.ts')).registerHooksStatus,
  },
  {
    words: 'hooks doctor',
    load: async () => (await import('./commands/hooks/doctor.ts')).registerHooksDoctor,
  },
  {
    words: 'hooks run',
    load: async () => (await import('./commands/hooks/run.ts')).registerHooksRun,
  },
  { words: 'hash', load: async () => (await import('./commands/hash.ts')).registerHash },
  {
    words: 'completion',
    load: async () => (await import('./commands/completion.ts')).registerCompletion,
  },
]

const OPTIONS_WITH_VALUE: ReadonlySet<string> = new Set(['--config', '--cwd', '-C'])

/**
 * The rows that `argv` may be about: the one that it names, those of the group that it names, or,
 * when it names none (a mistake, `help`) or is about all of them, all.
 */
export function findCommands(argv: readonly string[]): readonly CommandRow[] {
  const [first = '', second = ''] = findOperands(argv).map((index) => argv[index])
  if (first === 'completion') return COMMANDS
  if (first === '' && argv.some((word) => word === '--version' || word === '-V')) return []
  const exact = COMMANDS.filter((row) => row.words === first || row.words === `${first} ${second}`)
  if (exact.length > 0) return exact
  const group = COMMANDS.filter((row) => row.words.startsWith(`${first} `))
  return group.length > 0 ? group : COMMANDS
}

/** Where in `argv` the first two words stand that are neither options nor values of global options. */
export function findOperands(argv: readonly string[]): readonly number[] {
  const operands: number[] = []
  for (let index = 0; index < argv.length && operands.length < 2; index += 1) {
    const word = argv[index] ?? ''
    if (OPTIONS_WITH_VALUE.has(word)) index += 1
    else if (!word.startsWith('-')) operands.push(index)
  }
  return operands
}

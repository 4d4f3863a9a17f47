import { TaskVaultError } from '../../errors.ts'
import type { ScanContext } from '../../files/scanning/scan-context.ts'
import { createInputSelection } from '../../files/selection/input-selection.ts'
import type { SelectionRules } from '../../files/selection/input-selection.ts'
import type { GitContents } from '../../git/git-contents.ts'
import type { GitSource } from '../../git/list-files.ts'
import { createRepositoryFinder } from '../../git/repository-finder.ts'
import type { Environment } from '../../git/run-git.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import { digestFromBytes } from '../../model/digest.ts'
import type { Digest } from '../../model/digest.ts'
import { withKey } from '../../model/fingerprint.ts'
import type {
  FileInput,
  Fingerprint,
  KeyedFingerprint,
  NamedInput,
} from '../../model/fingerprint.ts'
import { isVariableName } from '../../model/is-variable-name.ts'
import type { TaskName, WorkDefinition } from '../../model/task.ts'
import { createTaskProducts } from '../targets/task-products.ts'
import { digestGitFiles, digestWorkTreeFiles } from './digest-files.ts'
import { digestTools } from './digest-tools.ts'
import type { ToolOptions } from './digest-tools.ts'

/** Where the files are read from; the key is the same for the same content. */
export type InputSource = { readonly kind: 'work-tree' } | GitSource

export interface TaskFingerprintRequest {
  readonly task: TaskName
  readonly definition: WorkDefinition
  /** The words that will be run; undefined when the caller runs something of its own. */
  readonly command: readonly string[] | undefined
  /** Absolute. */
  readonly projectRoot: string
  readonly env: Environment
  readonly source: InputSource
  /** What a git that started us says of its index; `env` unless told. */
  readonly gitEnv?: Environment | undefined
}

export interface FingerprintContext extends ScanContext {
  /** Which content a git blob is, as far as that is remembered. */
  readonly contents: GitContents
}

/**
 * The fingerprint of one run of a task: the command, the salt, declared variables and tools, and the
 * files that the inputs select. Nothing else counts, neither times nor places nor undeclared variables.
 * @throws {TaskVaultError} INPUT_MISSING, INPUT_UNREADABLE, INPUT_CHANGED, NAME_UNSUPPORTED,
 * ARGUMENT_INVALID, TOOL_FAILED, GIT_FAILED.
 */
export async function fingerprintTask(
  request: TaskFingerprintRequest,
  context: FingerprintContext,
): Promise<KeyedFingerprint> {
  const { algorithm } = context
  const abort = new AbortController()
  try {
    // The tools run while the files are read.
    const [surroundings, files] = await Promise.all([
      fingerprintSurroundings(request, { algorithm, signal: abort.signal }),
      digestInputs(request, context),
    ])
    return withKey({ ...surroundings, files }, algorithm)
  } finally {
    abort.abort()
  }
}

/**
 * All of a fingerprint but the files, of which it has none.
 * @throws {TaskVaultError} ARGUMENT_INVALID, TOOL_FAILED.
 */
export async function fingerprintSurroundings(
  { task, definition, command, projectRoot, env }: Omit<TaskFingerprintRequest, 'source'>,
  { algorithm, signal }: Pick<ToolOptions, 'algorithm' | 'signal'>,
): Promise<Fingerprint> {
  const variables = digestVariables(definition.env, env, algorithm)
  const { outputPatterns = [] } = definition
  return {
    algorithm: algorithm.name,
    task,
    command: command === undefined ? undefined : digestWords(command, algorithm),
    salt: definition.salt === undefined ? undefined : digestText(definition.salt, algorithm),
    ...(outputPatterns.length > 0 && { outputs: digestWords(outputPatterns, algorithm) }),
    env: variables,
    tools: await digestTools(sortedOnce(definition.tools), { projectRoot, env, algorithm, signal }),
    files: [],
    content: undefined,
  }
}

async function digestInputs(
  request: TaskFingerprintRequest,
  context: FingerprintContext,
): Promise<FileInput[]> {
  const { definition, projectRoot, source } = request
  const env = request.gitEnv ?? request.env
  if (definition.inputs.length === 0) return []
  const isProduct = findProducts(definition, { projectRoot, env, source })
  const { inputs: patterns, outputs } = definition
  const selection = createInputSelection(projectRoot, { patterns, outputs, isProduct })
  if (source.kind === 'work-tree') {
    const gitignore = { finder: createRepositoryFinder(env) }
    return digestWorkTreeFiles({ projectRoot, selection, gitignore }, context)
  }
  const { algorithm, contents } = context
  return await digestGitFiles({ projectRoot, selection, source, env }, algorithm, contents)
}

/** What the patterns of the outputs select in the work tree. In the index or a commit that is nothing. */
function findProducts(
  { outputPatterns = [] }: WorkDefinition,
  { source, ...places }: Pick<TaskFingerprintRequest, 'projectRoot' | 'env' | 'source'>,
): SelectionRules['isProduct'] {
  if (outputPatterns.length === 0 || source.kind !== 'work-tree') return undefined
  return createTaskProducts(outputPatterns, places).has
}

/** A value is hashed together with its name, so that equal values of two variables do not show. */
function digestVariables(
  names: readonly string[],
  env: Environment,
  algorithm: HashAlgorithm,
): NamedInput[] {
  return sortedOnce(names).map((name) => {
    if (!isVariableName(name)) throw invalidName(name)
    const value = env[name]
    return {
      name,
      digest: value === undefined ? undefined : digestText(`${name}\0${value}`, algorithm),
    }
  })
}

/** Words end with a zero byte, which none of them can contain. */
function digestWords(words: readonly string[], algorithm: HashAlgorithm): Digest {
  return digestText(words.map((word) => `${word}\0`).join(''), algorithm)
}

function digestText(text: string, algorithm: HashAlgorithm): Digest {
  return digestFromBytes(algorithm.hash(Buffer.from(text)))
}

function sortedOnce(names: readonly string[]): string[] {
  return [...new Set(names)].toSorted()
}

function invalidName(name: string): TaskVaultError {
  return new TaskVaultError(
    'ARGUMENT_INVALID',
    `${JSON.stringify(name)} cannot be the name of a variable`,
    {
      hint: 'Give each name by itself, without `=` or a value.',
    },
  )
}

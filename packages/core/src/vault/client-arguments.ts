import { findNearestName } from '../config/nearest-name.ts'
import { TaskVaultError } from '../errors.ts'

/*
 * A program without types can give anything. It is told so here, by the name of the argument: what reads
 * it later knows neither the name nor what was meant.
 */

/** What an argument may be: in words, and as a check. */
interface Rule {
  readonly allowed: string
  readonly accepts: (value: unknown) => boolean
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isBytes = (value: unknown): boolean => value instanceof Uint8Array
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isStream = (value: unknown): boolean => isObject(value) && Symbol.asyncIterator in value
const isFunction = (value: unknown): boolean => typeof value === 'function'
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const hasPath = (value: unknown): boolean =>
  isObject(value) && 'path' in value && isText(value.path)
const isWritable = (value: unknown): boolean =>
  isObject(value) && 'write' in value && isFunction(value.write)

const TEXT: Rule = { allowed: 'a string', accepts: isText }
const TEXTS: Rule = { allowed: 'a list of strings', accepts: isTexts }
const BYTES: Rule = { allowed: 'bytes (a Uint8Array)', accepts: isBytes }
const FUNCTION: Rule = { allowed: 'a function', accepts: isFunction }
const OBJECT: Rule = { allowed: 'an object', accepts: isObject }
const WRITABLE: Rule = { allowed: 'a stream to write to', accepts: isWritable }
const ABORT_SIGNAL: Rule = {
  allowed: 'an AbortSignal',
  accepts: (value) => value instanceof AbortSignal,
}
const TRUTH: Rule = {
  allowed: 'true or false',
  accepts: (value) => typeof value === 'boolean',
}

type ArgumentName =
  | 'configPath'
  | 'task'
  | 'input'
  | 'output'
  | 'compute'
  | 'the result of compute'
  | 'a piece of the stream'

const ARGUMENTS: Readonly<Record<ArgumentName, Rule>> = {
  configPath: TEXT,
  task: TEXT,
  input: {
    allowed: 'a string, bytes (a Uint8Array), a stream of bytes, or { path: … }',
    accepts: (value) => [isText, isBytes, isStream, hasPath].some((accepts) => accepts(value)),
  },
  output: {
    allowed: 'a string, bytes (a Uint8Array), or a stream of bytes',
    accepts: (value) => [isText, isBytes, isStream].some((accepts) => accepts(value)),
  },
  compute: FUNCTION,
  'the result of compute': BYTES,
  'a piece of the stream': BYTES,
}

const CLIENT_OPTIONS: Readonly<Record<string, Rule>> = { report: FUNCTION, cwd: TEXT, env: OBJECT }

const RUN_OPTIONS: Readonly<Record<string, Rule>> = {
  command: {
    allowed: 'a string or a list of strings',
    accepts: (value) => isText(value) || isTexts(value),
  },
  inputs: TEXTS,
  outputs: TEXTS,
  variables: TEXTS,
  tools: TEXTS,
  salt: TEXT,
  stdout: WRITABLE,
  stderr: WRITABLE,
  force: TRUTH,
  readOnly: TRUTH,
  onEvent: FUNCTION,
  signal: ABORT_SIGNAL,
}

/** @throws {TaskVaultError} ARGUMENT_INVALID for the first value that its name does not allow. */
export function checkArguments(values: Readonly<Partial<Record<ArgumentName, unknown>>>): void {
  for (const [name, value] of Object.entries(values))
    check(name, value, ARGUMENTS[name as ArgumentName])
}

/** @throws {TaskVaultError} ARGUMENT_INVALID unless they are options of `createClient`. */
export function checkClientOptions(options: unknown): void {
  checkOptions(options, CLIENT_OPTIONS)
}

/** @throws {TaskVaultError} ARGUMENT_INVALID unless they are options of `run`. */
export function checkRunOptions(options: unknown): void {
  checkOptions(options, RUN_OPTIONS)
}

/** Texts as bytes, and streams that fail at a piece of anything else, such as a text; all else as it is. */
export function bytesOf<Content extends object>(
  given: string | Content,
): Uint8Array | AsyncIterable<Uint8Array> | Content {
  if (typeof given === 'string') return Buffer.from(given)
  return Symbol.asyncIterator in given ? checkPieces(given as AsyncIterable<Uint8Array>) : given
}

async function* checkPieces(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of stream) {
    checkArguments({ 'a piece of the stream': piece })
    yield piece
  }
}

function checkOptions(options: unknown, rules: Readonly<Record<string, Rule>>): void {
  check('options', options, OBJECT)
  for (const [name, value] of Object.entries(options as object)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) throw unknownOption(name, Object.keys(rules))
    if (value !== undefined) check(name, value, rule)
  }
}

function check(name: string, value: unknown, { allowed, accepts }: Rule): void {
  if (accepts(value)) return
  throw new TaskVaultError('ARGUMENT_INVALID', `${name}: ${describe(value)} is not allowed`, {
    hint: `Give ${allowed}.`,
  })
}

function unknownOption(name: string, known: readonly string[]): TaskVaultError {
  const nearest = findNearestName(name, known)
  const hint = nearest === undefined ? `Use: ${known.join(', ')}.` : `Did you mean ${nearest}?`
  return new TaskVaultError('ARGUMENT_INVALID', `There is no option ${JSON.stringify(name)}`, {
    hint,
  })
}

/** What came, without what may be a secret in it. */
function describe(value: unknown): string {
  if (typeof value === 'string') return 'a string'
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value))
    return value.every(isText) ? 'a list' : 'a list that contains something other than strings'
  if (isObject(value)) return `an object (${value.constructor?.name ?? 'without a class'})`
  return String(value)
}

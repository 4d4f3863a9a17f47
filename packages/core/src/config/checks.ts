import type { Located, Origin, Position, Problem } from './located.ts'
import { findNearestName } from './nearest-name.ts'
import { settingPath } from './setting-source.ts'
import type { SettingSource } from './setting-source.ts'

/** One reading of one text: collects everything that is wrong, and where each value stood. */
export interface Reading {
  readonly origin: Origin
  readonly problems: Problem[]
  readonly sources: Map<string, SettingSource>
}

/**
 * Checks one value. Returns undefined when it is not allowed; the reason is then among the problems.
 * `path` names the setting, its segments as the file nests them.
 */
export type Check<Value> = (
  node: Located,
  path: readonly string[],
  reading: Reading,
) => Value | undefined

/** How a map's keys become fields. */
export type Fields<Value> = {
  readonly [Name in keyof Value]-?: {
    readonly key: string
    readonly check: Check<Exclude<Value[Name], undefined>>
  }
}

/** Whether YAML takes what was written for something else than a text: `true`, `2`. */
function isBare(value: unknown): boolean {
  return typeof value === 'boolean' || typeof value === 'number'
}

/** A value that `accept` takes; `allowed` says in words what that is. */
function checkScalar<Value>(
  allowed: string | ((value: unknown) => string),
  accept: (value: unknown) => Value | undefined,
): Check<Value> {
  return (node, path, reading) => {
    const given = node.kind === 'scalar' ? node.value : undefined
    const value = accept(given)
    const wanted = typeof allowed === 'string' ? allowed : allowed(given)
    if (value === undefined) reject({ node, path, allowed: wanted, reading })
    else note(path, node.at, reading)
    return value
  }
}

export function checkText(allowed: string, accept: (text: string) => boolean): Check<string> {
  return checkScalar(
    (value) => (isBare(value) ? `${allowed}, in quotes` : allowed),
    (value) => (typeof value === 'string' && accept(value) ? value : undefined),
  )
}

export function checkChoice<Value extends string>(values: readonly Value[]): Check<Value> {
  return checkScalar(`one of: ${values.join(', ')}`, (value) =>
    values.find((known) => known === value),
  )
}

export const checkBoolean: Check<boolean> = checkScalar('true or false', (value) =>
  typeof value === 'boolean' ? value : undefined,
)

/** A truth value, or a word for what lies between. */
export function checkBooleanOr<Word extends string>(word: Word): Check<boolean | Word> {
  return checkScalar(`true, false, or ${word}`, (value) =>
    typeof value === 'boolean' || value === word ? (value as boolean | Word) : undefined,
  )
}

export interface NumberRange {
  readonly least: number
  readonly most: number
  readonly isWhole?: boolean
}

export function checkNumber(range: NumberRange): Check<number> {
  return checkScalar(describeRange(range), (value) => numberIn(range, value))
}

/** A number, or a word that stands for none. */
export function checkNumberOr<Word extends string>(
  word: Word,
  range: NumberRange,
): Check<number | Word> {
  return checkScalar(`${describeRange(range)}, or ${word}`, (value) =>
    value === word ? word : numberIn(range, value),
  )
}

function describeRange({ least, most, isWhole = false }: NumberRange): string {
  return `a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}`
}

function numberIn(
  { least, most, isWhole = false }: NumberRange,
  value: unknown,
): number | undefined {
  if (typeof value !== 'number' || (isWhole && !Number.isInteger(value))) return undefined
  return value >= least && value <= most ? value : undefined
}

/** A list of texts; a single text is a list of one. */
export function checkTexts<Text extends string>(item: Check<Text>): Check<readonly Text[]> {
  return (node, path, reading) => {
    if (isEmpty(node)) return []
    if (node.kind === 'map') {
      reject({ node, path, allowed: 'a list of strings', reading })
      return undefined
    }
    const items = node.kind === 'list' ? node.items : [node]
    const texts = items.flatMap((each) => item(each, path, reading) ?? [])
    // After its items, which note the same path: a list stands where it begins.
    note(path, node.at, reading)
    return texts
  }
}

/** A list of texts, and not an empty one; `allowed` says in words what else may stand there. */
export function checkSomeTexts<Text extends string>(
  allowed: string,
  item: Check<Text>,
): Check<readonly Text[]> {
  const checkAll = checkTexts(item)
  return (node, path, reading) => {
    if (node.kind !== 'list' || node.items.length > 0) return checkAll(node, path, reading)
    reject({ node, path, allowed, reading })
    return undefined
  }
}

/** A list. */
export function checkItems<Item>(item: Check<Item>): Check<readonly Item[]> {
  return (node, path, reading) => {
    if (isEmpty(node)) return []
    if (node.kind !== 'list') {
      reject({ node, path, allowed: 'a list (lines that begin with "- ")', reading })
      return undefined
    }
    note(path, node.at, reading)
    return node.items.flatMap((each, index) => {
      const checked = item(each, [...path, String(index + 1)], reading)
      return checked === undefined ? [] : [checked]
    })
  }
}

/** A map with these keys and no others. */
export function checkFields<Value extends object>(fields: Fields<Value>): Check<Partial<Value>> {
  const rows = Object.entries<Fields<Value>[keyof Value]>(fields)
  const keys = rows.map(([, row]) => row.key)
  return (node, path, reading) => {
    const found: [string, unknown][] = []
    for (const { key, at, value } of entriesOf(node, path, reading)) {
      const row = rows.find(([, candidate]) => candidate.key === key)
      if (row === undefined) rejectKey({ key, at, path, keys, reading })
      else found.push([row[0], row[1].check(value, [...path, key], reading)])
    }
    return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as Partial<Value>
  }
}

/** A map from names that the user chooses; `checkName` says what is wrong with one, if anything. */
export function checkNamed<Value>(
  check: Check<Value>,
  checkName: (name: string) => string | undefined,
): Check<Readonly<Record<string, Value>>> {
  return (node, path, reading) => {
    // Without a prototype: a task called `constructor` must not find what nobody declared.
    const found: Record<string, Value> = Object.create(null)
    for (const { key, at, value } of entriesOf(node, path, reading)) {
      const fault = checkName(key)
      if (fault !== undefined) {
        reading.problems.push({
          where: reading.origin.describe(at),
          what: `${settingPath(...path, key)}: ${fault}`,
        })
        continue
      }
      note([...path, key], at, reading)
      const checked = check(value, [...path, key], reading)
      if (checked !== undefined) found[key] = checked
    }
    return found
  }
}

function entriesOf(
  node: Located,
  path: readonly string[],
  reading: Reading,
): Extract<Located, { kind: 'map' }>['entries'] {
  // A key with nothing after it: everything below it is commented out.
  if (isEmpty(node)) return []
  if (node.kind === 'map') return node.entries
  reject({ node, path, allowed: 'a map (lines of "key: value", indented)', reading })
  return []
}

function isEmpty(node: Located): boolean {
  return node.kind === 'scalar' && node.value === null
}

function note(path: readonly string[], at: Position, reading: Reading): void {
  reading.sources.set(settingPath(...path), reading.origin.sourceAt(at))
}

interface Rejection {
  readonly node: Located
  readonly path: readonly string[]
  readonly allowed: string
  readonly reading: Reading
}

function reject({ node, path, allowed, reading }: Rejection): void {
  const subject = path.length === 0 ? '' : `${settingPath(...path)}: `
  const what = `${subject}${describeValue(node)} is not allowed; use ${allowed}`
  reading.problems.push({ where: reading.origin.describe(node.at), what })
}

interface KeyRejection {
  readonly key: string
  readonly at: Position
  readonly path: readonly string[]
  readonly keys: readonly string[]
  readonly reading: Reading
}

function rejectKey({ key, at, path, keys, reading }: KeyRejection): void {
  const nearest = findNearestName(key, keys)
  const advice =
    nearest === undefined ? `allowed: ${keys.join(', ')}` : `did you mean "${nearest}"?`
  const what = `unknown key "${settingPath(...path, key)}"; ${advice}`
  reading.problems.push({ where: reading.origin.describe(at), what })
}

const SHOWN_CHARACTERS = 60

function describeValue(node: Located): string {
  if (node.kind === 'map') return 'a map'
  if (node.kind === 'list') return node.items.length === 0 ? 'an empty list' : 'a list'
  // Not JSON for numbers: it has no word for infinity.
  const text = typeof node.value === 'number' ? String(node.value) : JSON.stringify(node.value)
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text
}

import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'

/** One input of a component's header. */
export interface InputSpec {
  readonly type: 'string' | 'array' | 'boolean' | 'number'
  /** Whether the header says so. */
  readonly isTyped: boolean
  readonly description: string | undefined
  /** Undefined: the input is mandatory. */
  readonly default: unknown
  readonly options: readonly unknown[] | undefined
  readonly regex: string | undefined
}

/** A component as GitLab reads it: a header with typed inputs, and jobs with places for them. */
export interface Component {
  readonly inputs: Readonly<Record<string, InputSpec>>
  /** Keys of the inputs that GitLab knows nothing of. */
  readonly unknownKeys: readonly string[]
  readonly body: Readonly<Record<string, unknown>>
}

const INPUT_KEYS = new Set(['type', 'description', 'default', 'options', 'regex'])
const TYPES = ['string', 'array', 'boolean', 'number'] as const

export function readComponent(file: string): Component {
  const [header, body] = parseAllDocuments(readFileSync(file, 'utf8')).map((document): unknown =>
    document.toJS(),
  )
  const spec = asMap(asMap(asMap(header)['spec'])['inputs'])
  return {
    inputs: Object.fromEntries(
      Object.entries(spec).map(([name, value]) => [name, readInput(asMap(value ?? {}))]),
    ),
    unknownKeys: Object.entries(spec).flatMap(([name, value]) =>
      Object.keys(asMap(value ?? {}))
        .filter((key) => !INPUT_KEYS.has(key))
        .map((key) => `${name}.${key}`),
    ),
    body: asMap(body),
  }
}

function readInput(fields: Readonly<Record<string, unknown>>): InputSpec {
  const { description, options, regex } = fields
  return {
    type: TYPES.find((type) => type === fields['type']) ?? 'string',
    isTyped: TYPES.some((type) => type === fields['type']),
    description: typeof description === 'string' ? description : undefined,
    default: fields['default'],
    options: Array.isArray(options) ? options : undefined,
    regex: typeof regex === 'string' ? regex : undefined,
  }
}

/**
 * What GitLab says of inputs that it refuses when it creates a pipeline; empty when it takes them. The
 * wording is ours, the rules are those of its documentation: every input is known, given or has a
 * default, has the type, is one of the options, matches the expression.
 */
export function checkInputs(
  { inputs }: Component,
  given: Readonly<Record<string, unknown>>,
): readonly string[] {
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(inputs, name))
  return [
    ...unknown.map((name) => `unknown input ${name}`),
    ...Object.entries(inputs).flatMap(([name, spec]) => checkInput(name, spec, given[name])),
  ]
}

function checkInput(name: string, spec: InputSpec, given: unknown): readonly string[] {
  const value = given ?? spec.default
  if (value === undefined) return [`${name} input: required value has not been provided`]
  const text = JSON.stringify(value)
  if (typeOf(value) !== spec.type) return [`${name} input: ${text} is not of type ${spec.type}`]
  if (spec.options !== undefined && !spec.options.includes(value)) {
    return [`${name} input: ${text} is not one of ${spec.options.join(', ')}`]
  }
  if (spec.regex === undefined || typeof value !== 'string') return []
  if (new RegExp(spec.regex, 'u').test(value)) return []
  return [`${name} input: ${text} does not match ${spec.regex}`]
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value
}

/**
 * The jobs with inputs in their places. A value that is nothing but a place takes the input's type;
 * within other text an input becomes text.
 */
export function fillIn(
  { inputs, body }: Component,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const valueOf = (name: string): unknown => {
    if (!Object.hasOwn(inputs, name)) throw new Error(`there is no input ${name}`)
    return given[name] ?? inputs[name]?.default
  }
  return asMap(interpolate(body, valueOf))
}

const PLACE = /\$\[\[ *inputs\.([\w-]+) *\]\]/g

function interpolate(node: unknown, valueOf: (name: string) => unknown): unknown {
  if (typeof node === 'string') {
    const whole = new RegExp(`^${PLACE.source}$`).exec(node)?.[1]
    if (whole !== undefined) return valueOf(whole)
    return node.replaceAll(PLACE, (_, name: string) => String(valueOf(name)))
  }
  if (Array.isArray(node)) return node.map((item) => interpolate(item, valueOf))
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node).map(([key, value]) => [
    String(interpolate(key, valueOf)),
    interpolate(value, valueOf),
  ])
  return Object.fromEntries(entries)
}

/** @throws when it is no map: the file is then nothing that GitLab takes. */
export function asMap(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw new Error(`${JSON.stringify(value)} is no map`)
}

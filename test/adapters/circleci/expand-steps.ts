import { bindParameters } from './bind-parameters.ts'
import type { Values } from './bind-parameters.ts'
import type { Component, Orb, Step } from './orb.ts'

/** A step of CircleCI's own, with everything filled in. */
export interface PlainStep {
  /** `run`, `checkout`, `save_cache`, … */
  readonly kind: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** CircleCI's own steps. */
const BUILT_IN = new Set([
  'add_ssh_keys',
  'attach_workspace',
  'checkout',
  'persist_to_workspace',
  'restore_cache',
  'run',
  'save_cache',
  'setup_remote_docker',
  'store_artifacts',
  'store_test_results',
])

/** The steps of a job of the orb, called with `given`. */
export function expandJob(orb: Orb, name: string, given: Values): readonly PlainStep[] {
  const job = orb.jobs[name]
  if (job === undefined) throw new Error(`the orb has no job ${name}`)
  return expandBody(orb, `job ${name}`, { component: job, given })
}

/** The steps of a command of the orb, called with `given`. */
export function expandCommand(orb: Orb, name: string, given: Values): readonly PlainStep[] {
  const command = orb.commands[name]
  if (command === undefined) throw new Error(`the orb has no command ${name}`)
  return expandBody(orb, `command ${name}`, { component: command, given })
}

interface Call {
  readonly component: Component
  readonly given: Values
}

function expandBody(orb: Orb, what: string, { component, given }: Call): readonly PlainStep[] {
  const values = bindParameters(what, component, given)
  // Whatever else the component says, such as its executor, refers to parameters, too.
  const { steps = [], parameters: _, ...rest } = component
  substitute(rest, values)
  return expandSteps(orb, steps, values)
}

/** Steps with parameters filled in; `name` is a command of the orb, with or without the orb's name. */
export function expandSteps(
  orb: Orb,
  steps: readonly Step[],
  values: Values,
): readonly PlainStep[] {
  return steps.flatMap((step) => expandStep(orb, step, values))
}

function expandStep(orb: Orb, step: Step, values: Values): readonly PlainStep[] {
  if (typeof step === 'string') return expandNamed(orb, step, {})
  const [[name, body] = ['', undefined], ...more] = Object.entries(step)
  if (more.length > 0) throw new Error(`a step has one key, not ${Object.keys(step).join(', ')}`)
  if (name === 'steps') return expandSteps(orb, substitute(body, values) as Step[], {})
  if (name === 'when' || name === 'unless') {
    const { condition, steps } = body as { readonly condition: unknown; readonly steps: Step[] }
    const holds = isTrue(substitute(condition, values))
    return holds === (name === 'when') ? expandSteps(orb, steps, values) : []
  }
  return expandNamed(orb, name, substitute(body, values))
}

function expandNamed(orb: Orb, name: string, body: unknown): readonly PlainStep[] {
  if (BUILT_IN.has(name)) return [{ kind: name, fields: asFields(name, body) }]
  return expandCommand(orb, name.replace(/^taskvault\//, ''), (body ?? {}) as Values)
}

function asFields(kind: string, body: unknown): Readonly<Record<string, unknown>> {
  const fields = (
    kind === 'run' && typeof body === 'string' ? { command: body } : (body ?? {})
  ) as Readonly<Record<string, unknown>>
  if (kind === 'run' && typeof fields['command'] !== 'string') {
    throw new Error('a run step needs a command')
  }
  if (kind === 'save_cache' && !('key' in fields && 'paths' in fields)) {
    throw new Error('a save_cache step needs key and paths')
  }
  return fields
}

/** What CircleCI takes for true: an empty text and zero are not. */
function isTrue(condition: unknown): boolean {
  if (typeof condition !== 'object' || condition === null) return Boolean(condition)
  const [[name, body] = ['', undefined]] = Object.entries(condition)
  switch (name) {
    case 'and':
      return (body as unknown[]).every(isTrue)
    case 'or':
      return (body as unknown[]).some(isTrue)
    case 'not':
      return !isTrue(body)
    case 'equal':
      return new Set((body as unknown[]).map((value) => JSON.stringify(value))).size === 1
    default:
      throw new Error(`there is no condition ${name}`)
  }
}

/** Fills parameters in, to the bottom. A value that is one parameter and nothing else keeps its type. */
function substitute(value: unknown, values: Values): unknown {
  if (typeof value === 'string') return substituteText(value, values)
  if (Array.isArray(value)) return value.map((item) => substitute(item, values))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, substitute(item, values)]),
  )
}

function substituteText(text: string, values: Values): unknown {
  const [, only] = /^<<\s*parameters\.(\w+)\s*>>$/.exec(text) ?? []
  if (only !== undefined) return valueOf(only, values)
  const filled = text.replaceAll(
    /(\\?)<<\s*([^<>]*?)\s*>>/g,
    (all, escape: string, name: string) => {
      if (escape !== '') return all
      const [, parameter] = /^parameters\.(\w+)$/.exec(name) ?? []
      if (parameter === undefined) throw new Error(`an orb cannot see << ${name} >>`)
      return String(valueOf(parameter, values))
    },
  )
  return filled.replaceAll(String.raw`\<<`, '<<')
}

function valueOf(name: string, values: Values): unknown {
  if (!Object.hasOwn(values, name)) throw new Error(`there is no parameter ${name} here`)
  return values[name]
}

import { parse } from 'yaml'
import { startsAfterJob } from './post-condition.ts'
import { runAction, runStep } from './run-action.ts'
import type { Done, Machine } from './run-action.ts'

/** A step of a workflow, as far as the tests need it. */
interface WorkflowStep {
  readonly id?: string
  readonly if?: string
  readonly uses?: string
  readonly with?: Readonly<Record<string, unknown>>
  readonly run?: string
}

/** What each step did, by its id or its place; a step that was skipped is not there. */
export type StepsDone = ReadonlyMap<string, Done>

/** Values of expressions that no step and no variable of the runner has, such as `matrix.os`. */
export type Values = Readonly<Record<string, string>>

const OURS = /^taskvault\/cache-action(?:\/(?<place>restore|save))?@/

/**
 * Runs the steps of a job as the runner does, and what our action does at the end of the job. Each
 * step has what those before it have set; one that fails ends the job. A checkout is there already.
 */
export async function runSteps(
  machine: Machine,
  yaml: string,
  values: Values = {},
): Promise<StepsDone> {
  const done = new Map<string, Done>()
  const job: Machine = { ...machine, env: { ...machine.env } }
  const posts: (readonly [name: string, start: () => Promise<Done>])[] = []
  for (const [index, step] of (parse(yaml) as readonly WorkflowStep[]).entries()) {
    const fill = (text: unknown): string => fillIn(String(text), { done, env: job.env, values })
    if (step.if !== undefined && evaluate(step.if, { done, env: job.env, values }) !== 'true')
      continue
    const inputs = Object.fromEntries(
      Object.entries(step.with ?? {}).map(([name, value]) => [name, fill(value)]),
    )
    if (step.uses?.startsWith('actions/checkout@') === true) continue
    const ours = OURS.exec(step.uses ?? '')
    const entry = (ours?.groups?.['place'] ?? 'main') as 'main' | 'restore' | 'save'
    const ended = ours
      ? await runAction(job, { inputs, entry })
      : await runStep(job, ['bash', '-e', '-c', fill(step.run)], { env: {} })
    const name = step.id ?? String(index)
    done.set(name, ended)
    if (ended.exitCode !== 0) return done
    Object.assign(job.env, ended.variables)
    job.env['PATH'] = [...ended.directories.toReversed(), job.env['PATH']].join(':')
    const { state } = ended
    if (ours && entry === 'main')
      posts.unshift([
        `post of ${name}`,
        async () => await runAction(job, { inputs, state, entry: 'post' }),
      ])
  }
  for (const [name, start] of posts) {
    if (startsAfterJob({ env: job.env, hasFailed: false })) done.set(name, await start())
  }
  return done
}

interface Context {
  readonly done: StepsDone
  readonly env: Readonly<Record<string, string>>
  readonly values: Values
}

function fillIn(text: string, context: Context): string {
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) =>
    evaluate(expression, context),
  )
}

/** Of GitHub's expressions: a value, or its comparison with a text. */
function evaluate(expression: string, { done, env, values }: Context): string {
  const [, name = '', sign, text] =
    /^\s*([\w.-]+|hashFiles\(.*\))\s*(?:(==|!=)\s*'([^']*)')?\s*$/.exec(expression) ?? []
  const [kind = '', id = '', , output = ''] = name.split('.')
  const value =
    values[name] ??
    {
      steps: done.get(id)?.outputs[output],
      github: env[`GITHUB_${id.toUpperCase()}`],
    }[kind]
  if (!['steps', 'github'].includes(kind) && value === undefined)
    throw new Error(`not understood: ${expression}`)
  if (sign === undefined) return value ?? ''
  return String(((value ?? '') === text) === (sign === '=='))
}

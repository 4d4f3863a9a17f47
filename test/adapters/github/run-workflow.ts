import { data } from '@actions/expressions'
import { parse } from 'yaml'
import { evaluateExpression } from './evaluate-expression.ts'
import type { ExpressionScope } from './evaluate-expression.ts'
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

/** What no step and no variable of the runner says: contexts such as `matrix`, and what `hashFiles` answers. */
export interface Values {
  readonly matrix?: Readonly<Record<string, string>>
  readonly runner?: Readonly<Record<string, string>>
  readonly hashFiles?: string
}

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
    if (step.if !== undefined && !isMet(step.if, { done, env: job.env, values })) continue
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

interface JobSoFar {
  readonly done: StepsDone
  readonly env: Readonly<Record<string, string>>
  readonly values: Values
}

function isMet(condition: string, job: JobSoFar): boolean {
  const result = evaluateExpression(condition, scopeOf(job))
  if (result.kind !== data.Kind.Boolean) throw new Error(`neither true nor false: ${condition}`)
  return result.value
}

function fillIn(text: string, job: JobSoFar): string {
  const scope = scopeOf(job)
  return text.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) =>
    evaluateExpression(expression, scope).coerceString(),
  )
}

/** What the runner knows by now. */
function scopeOf({ done, env, values }: JobSoFar): ExpressionScope {
  const { hashFiles = '', ...contexts } = values
  const steps = [...done].map(([id, { outputs }]) => [id, { outputs }] as const)
  const github = Object.entries(env)
    .filter(([name]) => name.startsWith(GITHUB))
    .map(([name, value]) => [name.slice(GITHUB.length).toLowerCase(), value] as const)
  return {
    contexts: {
      ...contexts,
      env,
      steps: Object.fromEntries(steps),
      github: Object.fromEntries(github),
    },
    functions: { hashFiles: () => hashFiles },
  }
}

const GITHUB = 'GITHUB_'

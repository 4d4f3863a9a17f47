import { readFileSync } from 'node:fs'
import path from 'node:path'
import { data } from '@actions/expressions'
import { parse } from 'yaml'
import { evaluateExpression } from './evaluate-expression.ts'

export interface EndedJob {
  /** What its steps have set for those that follow. */
  readonly env: Readonly<Record<string, string>>
  readonly hasFailed: boolean
}

/** Whether a runner starts the second half of our action when a job ends: by `post-if`. */
export function startsAfterJob({ env, hasFailed }: EndedJob): boolean {
  const result = evaluateExpression(readPostIf(), {
    contexts: { env },
    functions: { success: () => !hasFailed },
  })
  if (result.kind !== data.Kind.Boolean) throw new Error('post-if is true or false')
  return result.value
}

function readPostIf(): string {
  const file = path.resolve(import.meta.dirname, '../../../actions/cache-action/action.yml')
  const { runs } = parse(readFileSync(file, 'utf8')) as { runs: { 'post-if': string } }
  return runs['post-if']
}

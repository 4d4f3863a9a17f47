import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Evaluator, Lexer, Parser, data } from '@actions/expressions'
import { parse } from 'yaml'

export interface EndedJob {
  /** What its steps have set for those that follow. */
  readonly env: Readonly<Record<string, string>>
  readonly hasFailed: boolean
}

/** Whether a runner starts the second half of our action when a job ends: by `post-if`, in GitHub's own evaluator. */
export function startsAfterJob({ env, hasFailed }: EndedJob): boolean {
  const success = {
    name: 'success',
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(!hasFailed),
  }
  const { tokens } = new Lexer(readPostIf()).lex()
  const expression = new Parser(tokens, ['env'], [success]).parse()
  const variables = Object.entries(env).map(([key, value]) => ({
    key,
    value: new data.StringData(value),
  }))
  const context = new data.Dictionary({ key: 'env', value: new data.Dictionary(...variables) })
  const result = new Evaluator(expression, context, new Map([['success', success]])).evaluate()
  if (result.kind !== data.Kind.Boolean) throw new Error('post-if is true or false')
  return result.value
}

function readPostIf(): string {
  const file = path.resolve(import.meta.dirname, '../../../actions/cache-action/action.yml')
  const { runs } = parse(readFileSync(file, 'utf8')) as { runs: { 'post-if': string } }
  return runs['post-if']
}

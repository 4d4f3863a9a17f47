import { Evaluator, Lexer, Parser, data } from '@actions/expressions'

/** What an expression can name where it stands. */
export interface ExpressionScope {
  /** `env`, `steps`, …: what JSON can say. What they have not is null, as at GitHub. */
  readonly contexts: Readonly<Record<string, unknown>>
  /** Functions that GitHub has beside those of the language, which know what they are asked about. */
  readonly functions?: Readonly<Record<string, () => string | boolean>>
}

/**
 * What GitHub's own evaluator makes of an expression.
 * @throws an ExpressionError for one that names another context or function.
 */
export function evaluateExpression(
  text: string,
  { contexts, functions = {} }: ExpressionScope,
): data.ExpressionData {
  const definitions = Object.entries(functions).map(([name, answer]) => ({
    name,
    minArgs: 0,
    maxArgs: 255,
    call: () => asData(answer()),
  }))
  const { tokens } = new Lexer(text).lex()
  const expression = new Parser(tokens, Object.keys(contexts), definitions).parse()
  const known = asData(contexts)
  if (known.kind !== data.Kind.Dictionary) throw new Error('contexts have names')
  const called = new Map(
    definitions.map((definition) => [definition.name.toLowerCase(), definition]),
  )
  return new Evaluator(expression, known, called).evaluate()
}

function asData(value: unknown): data.ExpressionData {
  return JSON.parse(JSON.stringify(value), data.reviver) as data.ExpressionData
}

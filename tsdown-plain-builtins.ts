import type { Rolldown } from 'tsdown'

const IMPORTED =
  /^import (?:(?<whole>[\w$]+)(?:, )?)?(?<names>\{[^}]*\})? from "(?<id>node:[\w/]+)";$/gm

/**
 * Has an ES module ask for Node's own modules instead of importing them: an import looks at all that such a
 * module exports, and so makes streams of standard input and output, and all of cryptography, that nobody uses.
 */
export function plainBuiltins(): Rolldown.Plugin {
  return {
    name: 'plain-builtins',
    renderChunk: (code) => code.replaceAll(IMPORTED, (...match) => askFor(match.at(-1))),
  }
}

/** On one line, so that no line of the source map moves. */
function askFor({ whole, names, id }: Record<string, string | undefined>): string {
  // The bundle's own `process` may be what is asked for.
  const builtin = `globalThis.process.getBuiltinModule("${id}")`
  const parts = [
    ...(whole === undefined ? [] : [`${whole} = ${builtin}`]),
    ...(names === undefined ? [] : [`${names.replaceAll(' as ', ': ')} = ${builtin}`]),
  ]
  return `const ${parts.join(', ')};`
}

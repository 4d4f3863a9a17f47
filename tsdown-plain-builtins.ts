import type { Rolldown } from 'tsdown'

/* They take long to load, and have functions, classes and objects to offer, no other values. */
const LAZY = new Set([
  'node:child_process',
  'node:crypto',
  'node:net',
  'node:stream',
  'node:timers/promises',
  'node:zlib',
])

const IMPORTED =
  /^import (?:(?<whole>[\w$]+)(?:, )?)?(?<names>\{[^}]*\})? from "(?<id>node:[\w/]+)";$/gm

/**
 * Has an ES module ask for Node's own modules instead of importing them: an import looks at all that such a
 * module exports, and so makes streams of standard input and output, and all of cryptography, that nobody uses.
 * Those that take long to load are asked for when something of them is first used.
 */
export function plainBuiltins(): Rolldown.Plugin {
  return {
    name: 'plain-builtins',
    renderChunk: (code) => code.replaceAll(IMPORTED, (...match) => askFor(match.at(-1))),
  }
}

/** On one line, so that no line of the source map moves. */
function askFor({ whole, names, id = '' }: Record<string, string | undefined>): string {
  // The bundle's own `process` may be what is asked for.
  const builtin = `globalThis.process.getBuiltinModule("${id}")`
  const parts = [
    ...(whole === undefined ? [] : [`${whole} = ${builtin}`]),
    ...(names === undefined ? [] : nameParts(names, { id, builtin })),
  ]
  return `const ${parts.join(', ')};`
}

function nameParts(
  names: string,
  { id, builtin }: { readonly id: string; readonly builtin: string },
): readonly string[] {
  if (!LAZY.has(id)) return [`${names.replaceAll(' as ', ': ')} = ${builtin}`]
  return names
    .slice(1, -1)
    .split(',')
    .map((part) => {
      const [name = '', local = name] = part.trim().split(' as ')
      return `${local} = ${standIn(`${builtin}.${name}`)}`
    })
}

/** Is called, made instances of, extended and read in the place of a function, a class or an object that is not there yet. */
function standIn(real: string): string {
  const traps = [
    `apply: (_, self, values) => Reflect.apply(${real}, self, values)`,
    `construct: (_, values, made) => Reflect.construct(${real}, values, made)`,
    `get: (_, name) => ${real}[name]`,
  ]
  return `new Proxy(function () {}, { ${traps.join(', ')} })`
}

import type { Rolldown } from 'tsdown'

/*
 * These are needed by every command, or cost nothing to load, or are called a hundred thousand times.
 */
const EAGER = new Set(['node:fs', 'node:path', 'node:process'])

const REQUIRED = /^let (node_\w+) = require\("(node:[\w/]+)"\);$/gm

/**
 * Has a CommonJS bundle load each of Node's own modules when something of it is first used: some
 * take as long to start as the whole of a hit, and most commands need few of them.
 */
export function lazyBuiltins(): Rolldown.Plugin {
  return {
    name: 'lazy-builtins',
    renderChunk(code) {
      return code.replaceAll(REQUIRED, (line: string, variable: string, id: string) =>
        EAGER.has(id) ? line : `let ${variable} = ${lazily(id)};`,
      )
    },
  }
}

/** On one line, so that no line of the source map moves. */
function lazily(id: string): string {
  return `new Proxy({}, { get: (loaded, name) => (loaded.it ??= require("${id}"))[name] })`
}

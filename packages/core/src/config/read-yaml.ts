import type * as Yaml from 'yaml'
import type { Document, Node, YAMLMap, YAMLError } from 'yaml'
import type { Located, LocatedEntry, Origin, Position, Problem } from './located.ts'

export interface YamlReading {
  /** Undefined when the text is empty, or is no YAML that says something. */
  readonly root: Located | undefined
  readonly problems: readonly Problem[]
}

/** Reads YAML text (JSON is YAML) with the place of everything in it. */
export async function readYaml(text: string, origin: Origin): Promise<YamlReading> {
  // Loaded here: reading it costs more than all else that is done before a small hit.
  const yaml = await import('yaml')
  const lineCounter = new yaml.LineCounter()
  const document = yaml.parseDocument(text, {
    lineCounter,
    prettyErrors: false,
  })
  const positionAt = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const problems = [...document.errors, ...document.warnings].map((error) => ({
    where: origin.describe(positionAt(error.pos[0])),
    what: describeError(error, text),
  }))
  if (problems.length > 0) return { root: undefined, problems }
  const context: Context = { yaml, document, positionAt, problems: [], origin }
  const root = document.contents === null ? undefined : locate(document.contents, context)
  return { root: context.problems.length === 0 ? root : undefined, problems: context.problems }
}

function describeError({ code, message, pos }: YAMLError, text: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document begins here'
  if (code !== 'DUPLICATE_KEY') return message
  const [key = ''] = /^(?:"[^"]*"|'[^']*'|[^:\n]*)/.exec(text.slice(pos[0])) ?? []
  return `${key.trim()} is there already; put everything under one of the two`
}

interface Context {
  readonly yaml: typeof Yaml
  readonly document: Document
  readonly positionAt: (offset: number) => Position
  readonly problems: Problem[]
  readonly origin: Origin
}

/** Nesting deeper than any setting has; also what stops an alias that contains itself. */
const MAX_DEPTH = 12

function locate(node: unknown, context: Context, depth = 0): Located {
  const { yaml, document } = context
  const at = context.positionAt((node as Node | undefined)?.range?.[0] ?? 0)
  if (yaml.isAlias(node)) {
    const meant = node.resolve(document)
    if (meant !== undefined) return locate(meant, context, depth + 1)
    const what = `no "&${node.source}" comes before this`
    context.problems.push({ where: context.origin.describe(at), what })
    return { kind: 'scalar', at, value: null }
  }
  if (depth > MAX_DEPTH) {
    context.problems.push({ where: context.origin.describe(at), what: 'nested too deeply' })
    return { kind: 'scalar', at, value: null }
  }
  if (yaml.isMap(node)) return { kind: 'map', at, entries: locateEntries(node, context, depth) }
  if (yaml.isSeq(node)) {
    return { kind: 'list', at, items: node.items.map((item) => locate(item, context, depth + 1)) }
  }
  return { kind: 'scalar', at, value: yaml.isScalar(node) ? node.value : null }
}

/** The entries of a map, `<<` expanded: what the map itself says comes before what it takes over. */
function locateEntries(map: YAMLMap, context: Context, depth: number): readonly LocatedEntry[] {
  const own: LocatedEntry[] = []
  const merged: LocatedEntry[] = []
  for (const pair of map.items) {
    const { yaml } = context
    const at = context.positionAt((pair.key as Node | undefined)?.range?.[0] ?? 0)
    const key = yaml.isScalar(pair.key) ? String(pair.key.value) : undefined
    const value = locate(pair.value, context, depth + 1)
    if (key === undefined) {
      context.problems.push({
        where: context.origin.describe(at),
        what: 'a key must be plain text',
      })
    } else if (key === '<<') {
      for (const source of value.kind === 'list' ? value.items : [value]) {
        if (source.kind === 'map') merged.push(...source.entries)
      }
    } else own.push({ key, at, value })
  }
  const taken = new Set(own.map((entry) => entry.key))
  return [...own, ...merged.filter((entry) => !taken.has(entry.key) && taken.add(entry.key))]
}

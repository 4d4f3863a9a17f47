import path from 'node:path/posix'
import { findImports } from './find-imports.ts'
import type { Source } from './read-sources.ts'

/**
 * Files that need one another, types included: none of them can be read, moved or tested without the rest.
 * Each circle is told once, as `a.ts -> b.ts -> a.ts`.
 */
export function findCircles(sources: readonly Source[]): readonly string[] {
  const imports = new Map(sources.map((source) => [source.relativePath, importedBy(source)]))
  const done = new Set<string>()
  const circles: string[] = []

  function follow(file: string, way: readonly string[]): void {
    const start = way.indexOf(file)
    if (start !== -1) return void circles.push([...way.slice(start), file].join(' -> '))
    if (done.has(file)) return
    for (const next of imports.get(file) ?? []) follow(next, [...way, file])
    done.add(file)
  }

  for (const { relativePath } of sources) follow(relativePath, [])
  return circles
}

function importedBy({ relativePath, text }: Source): readonly string[] {
  return findImports(text)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier }) => path.join(path.dirname(relativePath), specifier))
}

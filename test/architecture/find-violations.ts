import path from 'node:path/posix'
import { findImports, withoutComments } from './find-imports.ts'
import type { Import } from './find-imports.ts'
import type { Source } from './read-sources.ts'
import type { ForbiddenText, LayerRule } from './rules.ts'

export interface Rules {
  readonly layers: Readonly<Record<string, LayerRule>>
  readonly longFiles: Readonly<Record<string, string>>
  readonly forbiddenTexts: readonly ForbiddenText[]
}

const MAX_LINES = 250
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.ts$/
const NAMES_NOTHING = /^(utils?|helpers?|common|misc|shared|lib)(\.ts)?$/

/** Every place where the code breaks a rule, one sentence each, which names the file. */
export function findViolations(sources: readonly Source[], rules: Rules): readonly string[] {
  return [
    ...sources.flatMap((source) => checkSource(source, rules)),
    ...findStaleExceptions(sources, rules.longFiles),
  ]
}

function checkSource(source: Source, rules: Rules): readonly string[] {
  const { relativePath } = source
  const layer = layerOf(relativePath, rules.layers)
  const rule = layer === undefined ? undefined : rules.layers[layer]
  if (layer === undefined || rule === undefined) return [`${relativePath} belongs to no layer`]
  const problems = [
    ...findImports(source.text).flatMap((found) => checkImport(found, { source, layer, rules })),
    ...checkNames(relativePath),
    ...checkLength(source, rules.longFiles),
    ...rules.forbiddenTexts.filter((ban) => breaks(source, ban)).map((ban) => ban.because),
  ]
  if (/^export default\b/m.test(withoutComments(source.text)))
    problems.push('it has a default export')
  return problems.map((problem) => `${relativePath}: ${problem}`)
}

interface Importer {
  readonly source: Source
  readonly layer: string
  readonly rules: Rules
}

function checkImport(found: Import, importer: Importer): readonly string[] {
  const { specifier } = found
  const { layer, rules } = importer
  const rule = rules.layers[layer]
  if (rule === undefined) return []
  if (specifier.startsWith('node:')) {
    return rule.node.includes(specifier) ? [] : [`${layer} may not import ${specifier}`]
  }
  if (specifier.startsWith('@taskvault/')) {
    const target = specifier.slice('@taskvault/'.length)
    return rule.imports.includes(target) ? [] : [`${layer} may not import ${specifier}`]
  }
  if (!specifier.startsWith('.')) {
    const library = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/')
    return rule.libraries?.includes(library) === true
      ? []
      : [`${layer} may not import ${specifier}`]
  }
  return checkRelativeImport(found, importer)
}

function checkRelativeImport(found: Import, { source, layer, rules }: Importer): readonly string[] {
  const target = path.join(path.dirname(source.relativePath), found.specifier)
  if (packageOf(target) !== packageOf(source.relativePath)) {
    return [`a relative import leaves the package: ${found.specifier}`]
  }
  const other = layerOf(target, rules.layers)
  if (other === undefined || other === layer) return []
  const rule = rules.layers[layer]
  const allowed = [...(rule?.imports ?? []), ...(found.isTypeOnly ? (rule?.types ?? []) : [])]
  return allowed.includes(other) ? [] : [`${layer} may not import ${other} (${found.specifier})`]
}

function checkNames(relativePath: string): readonly string[] {
  const segments = relativePath.split('/').slice(3)
  const unclear = segments.filter((segment) => NAMES_NOTHING.test(segment))
  const fileName = path.basename(relativePath)
  return [
    ...unclear.map((segment) => `"${segment}" says nothing about what is inside`),
    ...(KEBAB_CASE.test(fileName) ? [] : ['its name is not kebab-case']),
  ]
}

function checkLength(
  { relativePath, text }: Source,
  exceptions: Rules['longFiles'],
): readonly string[] {
  const lines = countLines(text)
  if (lines <= MAX_LINES || relativePath in exceptions) return []
  return [`it has ${lines} lines; split it, or give the reason in test/architecture/rules.ts`]
}

function breaks({ relativePath, text }: Source, ban: ForbiddenText): boolean {
  const isInside = relativePath.startsWith(directoryOf(ban.layer))
  if (!isInside || ban.except?.includes(relativePath) === true) return false
  return ban.pattern.test(withoutComments(text))
}

/** An exception that is needed no more is removed, or it would hide the next long file. */
function findStaleExceptions(
  sources: readonly Source[],
  exceptions: Rules['longFiles'],
): readonly string[] {
  const long = new Set(
    sources
      .filter(({ text }) => countLines(text) > MAX_LINES)
      .map(({ relativePath }) => relativePath),
  )
  return Object.keys(exceptions)
    .filter((relativePath) => !long.has(relativePath))
    .map((relativePath) => `${relativePath} is listed as a long file, and is none`)
}

function countLines(text: string): number {
  return text.split('\n').length - 1
}

function layerOf(relativePath: string, layers: Rules['layers']): string | undefined {
  return Object.keys(layers).find((layer) => {
    const place = directoryOf(layer)
    return relativePath === `${place}.ts` || relativePath.startsWith(`${place}/`)
  })
}

/** `core/model` is packages/core/src/model; `cli` is packages/cli/src; `action` is no package on npm. */
function directoryOf(layer: string): string {
  const [name = '', ...inside] = layer.split('/')
  const place = name === 'action' ? 'actions/cache-action' : `packages/${name}`
  return [place, 'src', ...inside].join('/')
}

function packageOf(relativePath: string): string {
  return relativePath.split('/').slice(0, 2).join('/')
}

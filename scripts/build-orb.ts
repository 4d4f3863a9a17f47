import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { isMap, parseDocument, stringify, visit } from 'yaml'
import cliPackage from '../packages/cli/package.json' with { type: 'json' }
import { readDirectory } from './read-directory.ts'

/*
 * `node scripts/build-orb.ts` packs orbs/taskvault/src into orbs/taskvault/orb.yml, as the `orb pack` of
 * CircleCI's own command line does; with a directory as its argument, it writes what is published there.
 *
 * The rules: @orb.yml is the top level; a directory beside it is a section, and each file in it a
 * component; `<< include(FILE) >>` as a value is the text of FILE, in which `<<` is escaped, for
 * CircleCI would take it for a parameter.
 */

const ROOT = path.resolve(import.meta.dirname, '../orbs/taskvault')
const INCLUDE = /^<<\s*include\(([-\w/.]+)\)\s*>>$/

/** The sections that may include files. */
const SECTIONS = ['commands', 'executors', 'jobs', 'examples'] as const

/** The orb as one file. */
export function packOrb(source: string = path.join(ROOT, 'src')): string {
  const orb: Record<string, unknown> = { ...readComponent(source, '@orb.yml') }
  for (const section of SECTIONS) {
    const files = readdirSync(path.join(source, section)).toSorted()
    orb[section] = Object.fromEntries(
      files.map((file) => [
        path.basename(file, '.yml'),
        readComponent(source, path.join(section, file)),
      ]),
    )
  }
  return `# Made from src by scripts/build-orb.ts; change that.\n${stringify(orb, { indent: 4, lineWidth: 0, version: '1.1' })}`
}

function readComponent(source: string, file: string): Record<string, unknown> {
  const text = readFileSync(path.join(source, file), 'utf8')
    .replaceAll('@VERSION@', cliPackage.version)
    .replaceAll('@MAJOR@', majorVersion())
  const document = parseDocument(text)
  if (document.errors.length > 0 || !isMap(document.contents)) {
    throw new Error(`${file} is no map: ${document.errors.join(', ')}`)
  }
  visit(document, {
    Scalar(_key, node) {
      const [, included] = typeof node.value === 'string' ? (INCLUDE.exec(node.value) ?? []) : []
      if (included !== undefined) node.value = readIncluded(source, included)
    },
  })
  return document.toJS() as Record<string, unknown>
}

function readIncluded(source: string, file: string): string {
  return readFileSync(path.join(source, file), 'utf8').replaceAll('<<', String.raw`\<<`)
}

/** The page about the orb, with a table where `<!-- parameters of SECTION/NAME -->` stands. */
export function renderOrbPage(): string {
  const source = path.join(ROOT, 'src')
  const page = readFileSync(path.join(source, 'README.md'), 'utf8')
    .replaceAll(/^<!-- parameters of (\S+) -->$/gm, (_, file: string) =>
      renderParameters(readComponent(source, `${file}.yml`)),
    )
    .replaceAll('@MAJOR@', majorVersion())
  return `<!-- Made from src/README.md by scripts/build-orb.ts; change that. -->\n\n${page}`
}

interface Parameter {
  readonly description: string
  readonly type: string
  readonly enum?: readonly string[]
  readonly default?: unknown
}

function renderParameters(component: Readonly<Record<string, unknown>>): string {
  const parameters = component['parameters'] as Readonly<Record<string, Parameter>>
  const rows = Object.entries(parameters).map(([name, parameter]) => {
    const type = parameter.enum === undefined ? parameter.type : parameter.enum.join(', ')
    return `| \`${name}\` | ${type} | ${renderDefault(parameter)} | ${parameter.description} |`
  })
  return ['| Parameter | Type | Default | Meaning |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
}

function renderDefault(parameter: Parameter): string {
  if (!('default' in parameter)) return 'none: it must be given'
  return parameter.default === '' ? 'empty' : `\`${String(parameter.default) || '[]'}\``
}

function majorVersion(): string {
  return cliPackage.version.split('.')[0] ?? ''
}

function main(directory: string | undefined): void {
  const target = path.resolve(directory ?? ROOT)
  mkdirSync(target, { recursive: true })
  writeFileSync(path.join(target, 'orb.yml'), packOrb())
  writeFileSync(path.join(target, 'README.md'), renderOrbPage())
  process.stdout.write(`${path.join(target, 'orb.yml')}\n`)
}

if (import.meta.main) main(readDirectory('node scripts/build-orb.ts [DIRECTORY]'))

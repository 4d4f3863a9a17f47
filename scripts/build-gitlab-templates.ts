import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import cliPackage from '../packages/cli/package.json' with { type: 'json' }
import { readDirectory } from './read-directory.ts'

/*
 * `node scripts/build-gitlab-templates.ts` writes the files of gitlab-templates from those of its `src`:
 * GitLab takes one file for each component, so what several share is written into each.
 * With a directory as its argument, it writes there what is published: a project as GitLab's catalog
 * expects it, with templates/ at its root, and the files of `src/project`.
 */

const ROOT = path.resolve(import.meta.dirname, '../gitlab-templates')
const SOURCE = path.join(ROOT, 'src')

/** Files of the published project, by path; all of them are also kept in the repository. */
export function renderGitLabTemplates(): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const name of readdirSync(SOURCE).filter((file) => file.endsWith('.yml'))) {
    const source = readFileSync(path.join(SOURCE, name), 'utf8')
    const base = path.basename(name, '.yml')
    const target = base === 'jobs' ? 'jobs.yml' : `templates/${base}/template.yml`
    files.set(target, `# Made from src/${name} and src/scripts; change those.\n${render(source)}`)
  }
  const page = readFileSync(path.join(SOURCE, 'README.md'), 'utf8')
  files.set(
    'README.md',
    `<!-- Made from src/README.md; change that. -->\n\n${renderPage(page, files)}`,
  )
  return files
}

/** The page, with a table of inputs where `<!-- inputs of NAME -->` stands. */
function renderPage(page: string, files: ReadonlyMap<string, string>): string {
  return page
    .replaceAll(/^<!-- inputs of (\S+) -->$/gm, (_, name: string) =>
      renderInputs(files.get(`templates/${name}/template.yml`) ?? ''),
    )
    .replaceAll('@VERSION@', cliPackage.version)
}

interface Input {
  readonly description: string
  readonly default?: unknown
  readonly options?: readonly string[]
}

function renderInputs(component: string): string {
  const header = parseAllDocuments(component)[0]?.toJS() as {
    spec: { inputs: Record<string, Input> }
  }
  const rows = Object.entries(header.spec.inputs).map(
    ([name, input]) => `| \`${name}\` | ${renderDefault(input)} | ${input.description} |`,
  )
  return ['| Input | Default | Meaning |', '| --- | --- | --- |', ...rows].join('\n')
}

function renderDefault(input: Input): string {
  if (!('default' in input)) return 'none: it must be given'
  if (input.default === '') return 'empty'
  return typeof input.default === 'string'
    ? `\`${input.default}\``
    : `\`${JSON.stringify(input.default)}\``
}

/** A script goes where `- !script NAME` stands, as a block; the version where `@VERSION@` does. */
function render(source: string): string {
  return includeFrom('parts', source)
    .replaceAll(/^( *)- !script (\S+)$/gm, (_, indent: string, name: string) => {
      const script = includeFrom('scripts', readSource('scripts', name))
      const lines = script.trimEnd().split('\n')
      return [`${indent}- |`, ...lines.map((line) => line && `${indent}  ${line}`)].join('\n')
    })
    .replaceAll('@VERSION@', cliPackage.version)
}

/** Text with the file of `folder` where `#include NAME` stands, as far to the right as that. */
function includeFrom(folder: string, text: string): string {
  return text.replaceAll(/^( *)#include (\S+)$/gm, (_, indent: string, name: string) => {
    const lines = readSource(folder, name).trimEnd().split('\n')
    return lines.map((line) => line && `${indent}${line}`).join('\n')
  })
}

function readSource(folder: string, name: string): string {
  return readFileSync(path.join(SOURCE, folder, name), 'utf8')
}

/** Writes the project as it is published to `directory`; what else lies there stays. */
export function writeGitLabProject(directory: string): void {
  rmSync(path.join(directory, 'templates'), { recursive: true, force: true })
  writeFiles(directory)
  cpSync(path.join(ROOT, '../LICENSE'), path.join(directory, 'LICENSE.md'))
  cpSync(path.join(SOURCE, 'project'), directory, { recursive: true })
}

function writeFiles(directory: string): void {
  for (const [name, content] of renderGitLabTemplates()) {
    const target = path.join(directory, name)
    mkdirSync(path.dirname(target), { recursive: true })
    writeFileSync(target, content)
  }
}

if (import.meta.main) {
  const directory = readDirectory('node scripts/build-gitlab-templates.ts [DIRECTORY]')
  if (directory === undefined) writeFiles(ROOT)
  else writeGitLabProject(path.resolve(directory))
}

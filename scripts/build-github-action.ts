import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { addNativeBinaries } from './github-action/native-binaries.ts'
import { readDirectory } from './read-directory.ts'

/*
 * `node scripts/build-github-action.ts` writes the tables of actions/cache-action/README.md from its action.yml.
 * With a directory as its argument, it writes there what is published as the repository
 * taskvault/cache-action: the built action, with the native code of all platforms of GitHub's runners,
 * which it fetches from npm. Build the package first.
 */

const ACTION = path.resolve(import.meta.dirname, '../actions/cache-action')
const PUBLISHED = ['action.yml', 'restore/action.yml', 'save/action.yml', 'README.md', 'dist']

interface Described {
  readonly description: string
  readonly default?: string
}

/** What action.yml declares. */
export interface ActionFile {
  readonly inputs: Readonly<Record<string, Described>>
  readonly outputs: Readonly<Record<string, Described>>
}

/** @param place empty for the action itself, else `restore` or `save`. */
export function readActionFile(place: string): ActionFile {
  return parse(readFileSync(path.join(ACTION, place, 'action.yml'), 'utf8')) as ActionFile
}

/** The page, with the tables that its comments ask for. */
export function renderActionPage(page: string): string {
  return page.replaceAll(
    /(<!-- (inputs|outputs) of action\.yml -->\n)(?:\n\|[^\0]*?\n(?=\n))?/g,
    (_, mark: string, kind: 'inputs' | 'outputs') => `${mark}\n${renderTable(kind)}`,
  )
}

function renderTable(kind: 'inputs' | 'outputs'): string {
  const rows = Object.entries(readActionFile('')[kind]).map(([name, described]) => {
    const standard = described.default === undefined ? '' : ` Default: \`${described.default}\`.`
    return `| \`${name}\` | ${described.description}${standard} |`
  })
  const title = kind === 'inputs' ? 'Input' : 'Output'
  return [`| ${title} | Meaning |`, '| --- | --- |', ...rows, ''].join('\n')
}

/** Writes what is published, with the native code of this machine only. */
export function writePublishedTree(directory: string): void {
  mkdirSync(directory, { recursive: true })
  for (const name of PUBLISHED)
    cpSync(path.join(ACTION, name), path.join(directory, name), { recursive: true })
  cpSync(path.join(ACTION, '../../LICENSE'), path.join(directory, 'LICENSE'))
  writeFileSync(path.join(directory, '.gitattributes'), 'dist/** -diff linguist-generated=true\n')
}

if (import.meta.main) {
  const directory = readDirectory('node scripts/build-github-action.ts [DIRECTORY]')
  const page = path.join(ACTION, 'README.md')
  writeFileSync(page, renderActionPage(readFileSync(page, 'utf8')))
  if (directory !== undefined) {
    writePublishedTree(path.resolve(directory))
    await addNativeBinaries(path.resolve(directory, 'dist'))
  }
}

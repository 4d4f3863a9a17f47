import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parse } from 'yaml'

/*
 * `node scripts/build-github-action.ts` writes the tables of actions/cache-action/README.md from its action.yml.
 * With a directory as its argument, it writes there what is published as the repository
 * taskvault/cache-action: the built action, with the native code of all platforms of GitHub's runners,
 * which it fetches from npm. Build the package first.
 */

const ACTION = path.resolve(import.meta.dirname, '../actions/cache-action')
const PUBLISHED = ['action.yml', 'restore/action.yml', 'save/action.yml', 'README.md', 'dist']
const NATIVE = '@napi-rs/blake-hash'
const PLATFORMS = [
  'linux-x64-gnu',
  'linux-x64-musl',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc',
]

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

/** Of exactly the version that the package beside it has. */
function fetchBinary(platform: string, native: string): void {
  const { version } = JSON.parse(readFileSync(path.join(native, 'package.json'), 'utf8')) as {
    readonly version: string
  }
  const temporary = mkdtempSync(path.join(tmpdir(), 'taskvault-native-'))
  try {
    const name = `${NATIVE}-${platform}@${version}`
    execFileSync('npm', ['pack', '--pack-destination', temporary, name])
    const [archive = ''] = execFileSync('ls', [temporary], { encoding: 'utf8' }).split('\n')
    execFileSync('tar', ['-xzf', archive], { cwd: temporary })
    const file = `blake.${platform}.node`
    cpSync(path.join(temporary, 'package', file), path.join(native, file))
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const page = path.join(ACTION, 'README.md')
  writeFileSync(page, renderActionPage(readFileSync(page, 'utf8')))
  const [directory] = process.argv.slice(2)
  if (directory !== undefined) {
    writePublishedTree(path.resolve(directory))
    const native = path.resolve(directory, 'dist/node_modules', NATIVE)
    for (const platform of PLATFORMS) fetchBinary(platform, native)
  }
}

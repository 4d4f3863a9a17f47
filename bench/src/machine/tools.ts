import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

type Tool =
  | { readonly kind: 'found'; readonly version: string; readonly install: string }
  | { readonly kind: 'missing'; readonly install: string }

/** The peers and helpers by name. */
export type Tools = Readonly<Record<string, Tool>>

const PROGRAMS: Readonly<Record<string, { readonly ask: readonly string[]; install: string }>> = {
  time: { ask: ['time', '--version'], install: 'apt-get install time' },
  bash: { ask: ['bash', '--version'], install: 'apt-get install bash' },
  tar: { ask: ['tar', '--version'], install: 'apt-get install tar' },
  zstd: { ask: ['zstd', '--version'], install: 'apt-get install zstd' },
  restic: { ask: ['restic', 'version'], install: 'apt-get install restic' },
  b3sum: { ask: ['b3sum', '--version'], install: 'apt-get install b3sum' },
  cp: { ask: ['cp', '--version'], install: 'apt-get install coreutils' },
  find: { ask: ['find', '--version'], install: 'apt-get install findutils' },
  git: { ask: ['git', '--version'], install: 'apt-get install git' },
  nginx: { ask: ['nginx', '-v'], install: 'apt-get install nginx-light' },
  npm: { ask: ['npm', '--version'], install: 'it comes with Node' },
}

const PACKAGES = ['cacache', 'turbo', 'wireit']

/** Asks each peer for its version. */
export function findTools(): Tools {
  const programs = Object.entries(PROGRAMS).map(([name, { ask, install }]): [string, Tool] => {
    const [file = name, ...args] = ask
    const answer = spawnSync(file, args, { encoding: 'utf8' })
    if (answer.status !== 0) return [name, { kind: 'missing', install }]
    const line = answer.stdout.split('\n')[0] ?? ''
    return [
      name,
      { kind: 'found', version: /\d+(\.\d+)+/.exec(line)?.[0] ?? '(no version)', install },
    ]
  })
  const packages = PACKAGES.map((name): [string, Tool] => [name, findPackage(name)])
  return Object.fromEntries([...programs, ...packages, ['actions/cache', findActionsCache()]])
}

/** The environment variable that names a checkout of actions/cache, as it is published. */
export const ACTIONS_CACHE = 'TASKVAULT_BENCH_ACTIONS_CACHE'

function findActionsCache(): Tool {
  const checkout = process.env[ACTIONS_CACHE]
  const install = `clone actions/cache at a tag of version 5, and name it in ${ACTIONS_CACHE}`
  const manifest = join(checkout ?? '', 'package.json')
  if (checkout === undefined || !existsSync(manifest)) return { kind: 'missing', install }
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  return { kind: 'found', version, install }
}

function findPackage(name: string): Tool {
  const install = 'pnpm install'
  try {
    const description: unknown = createRequire(import.meta.url)(`${name}/package.json`)
    const { version } = description as { version: string }
    return { kind: 'found', version, install }
  } catch {
    return { kind: 'missing', install }
  }
}

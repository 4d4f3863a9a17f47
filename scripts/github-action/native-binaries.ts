import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'

const execute = promisify(execFile)

const NATIVE = '@napi-rs/blake-hash'
const ROOT = path.resolve(import.meta.dirname, '../..')
const LOCK = path.join(ROOT, 'pnpm-lock.yaml')
const CACHE = path.join(ROOT, 'node_modules/.cache/taskvault-native')

/** The machines of GitHub's runners, and Alpine, where a job runs in a container. */
export const PLATFORMS = [
  'linux-x64-gnu',
  'linux-x64-musl',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc',
] as const

/**
 * Puts the native code of all platforms into a built `dist`, where its package looks for it. It is
 * fetched from npm, and must be what the lock file names: an installation here brings only its own.
 */
export async function addNativeBinaries(dist: string): Promise<void> {
  const target = path.join(dist, 'node_modules', NATIVE)
  const { version } = readJson(path.join(target, 'package.json'))
  mkdirSync(CACHE, { recursive: true })
  await Promise.all(
    PLATFORMS.map(async (platform) => {
      const archive = await fetchArchive(`${NATIVE}-${platform}@${version}`)
      const file = `blake.${platform}.node`
      const words = ['-xzf', archive, '-C', target, '--strip-components=1', `package/${file}`]
      await execute('tar', words)
    }),
  )
}

/** Kept from one release to the next; checked each time. */
async function fetchArchive(name: string): Promise<string> {
  const archive = path.join(CACHE, `${name.replaceAll(/[@/]+/g, '-').replace(/^-/, '')}.tgz`)
  if (existsSync(archive) && isLocked(archive, name)) return archive
  await execute('npm', ['pack', '--pack-destination', CACHE, name])
  if (isLocked(archive, name)) return archive
  throw new Error(`What npm has as ${name} is not what pnpm-lock.yaml names`)
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly resolution: { readonly integrity: string } }>
  >
}

function isLocked(archive: string, name: string): boolean {
  const { packages } = parse(readFileSync(LOCK, 'utf8')) as Lock
  const digest = createHash('sha512').update(readFileSync(archive)).digest('base64')
  return packages[name]?.resolution.integrity === `sha512-${digest}`
}

function readJson(file: string): { readonly version: string } {
  return JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }
}

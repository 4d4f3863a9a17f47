import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

const ROOT = path.resolve(import.meta.dirname, '../..')
const REQUIREMENTS = path.join(ROOT, 'test/fixtures/pre-commit-requirements.txt')

export type Framework =
  | { readonly kind: 'there'; readonly program: string }
  | { readonly kind: 'absent'; readonly reason: string }

/**
 * The pre-commit framework in an environment of its own, installed from PyPI the first time; later
 * ones find it in node_modules/.cache. In CI it must be there.
 */
export function findPreCommitFramework(): Framework {
  const requirements = readFileSync(REQUIREMENTS)
  const version = createHash('sha256').update(requirements).digest('hex').slice(0, 16)
  const directory = path.join(ROOT, 'node_modules/.cache/taskvault-test', `pre-commit-${version}`)
  const program = path.join(directory, 'bin/pre-commit')
  const stamp = path.join(directory, 'complete')
  if (existsSync(stamp)) return { kind: 'there', program }
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(path.dirname(directory), { recursive: true })
  const pip = [path.join(directory, 'bin/python'), '-m', 'pip', 'install', '--quiet']
  const trouble =
    run(['python3', '-m', 'venv', directory]) ??
    run([...pip, '--disable-pip-version-check', '--requirement', REQUIREMENTS])
  if (trouble === undefined) {
    writeFileSync(stamp, '')
    return { kind: 'there', program }
  }
  if (process.env['CI'] === 'true') throw new Error(trouble)
  return { kind: 'absent', reason: trouble }
}

/** What went wrong; undefined when nothing did. */
function run([program = '', ...words]: readonly string[]): string | undefined {
  const result = spawnSync(program, words, { encoding: 'utf8', timeout: 120_000 })
  if (result.status === 0) return undefined
  return `${program} ${words.join(' ')}: ${result.error?.message ?? result.stderr}`
}

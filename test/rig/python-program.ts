import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

const ROOT = path.resolve(import.meta.dirname, '../..')

export type PythonProgram =
  | { readonly kind: 'there'; readonly program: string }
  | { readonly kind: 'absent'; readonly reason: string }

/**
 * A program of Python's in an environment of its own, installed from PyPI the first time, at the versions
 * that test/fixtures names; later ones find it in node_modules/.cache. In CI it must be there.
 */
export function findPythonProgram(name: 'pre-commit' | 'check-jsonschema'): PythonProgram {
  const requirements = path.join(ROOT, 'test/fixtures', `${name}-requirements.txt`)
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16)
  const directory = path.join(ROOT, 'node_modules/.cache/taskvault-test', `${name}-${version}`)
  const program = path.join(directory, 'bin', name)
  const stamp = path.join(directory, 'complete')
  if (existsSync(stamp)) return { kind: 'there', program }
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(path.dirname(directory), { recursive: true })
  const pip = [path.join(directory, 'bin/python'), '-m', 'pip', 'install', '--quiet']
  const trouble =
    run(['python3', '-m', 'venv', directory]) ??
    run([...pip, '--disable-pip-version-check', '--requirement', requirements])
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

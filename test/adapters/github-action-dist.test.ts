import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { expect, onTestFinished, test, vi } from 'vitest'

vi.setConfig({ testTimeout: 240_000 })

const ROOT = path.resolve(import.meta.dirname, '../..')
const ACTION = 'actions/cache-action'

test('a build somewhere else gives the same bytes', () => {
  const here = readTree(path.join(ROOT, ACTION, 'dist'))
  const elsewhere = mkdtempSync(path.join(tmpdir(), 'taskvault-elsewhere-'))
  onTestFinished(() => rmSync(elsewhere, { recursive: true, force: true }))
  copyCheckout(path.join(elsewhere, 'a checkout'))

  build(path.join(elsewhere, 'a checkout'))

  const there = readTree(path.join(elsewhere, 'a checkout', ACTION, 'dist'))
  expect([...there.keys()], 'is the build of this checkout old?').toEqual([...here.keys()])
  for (const [name, bytes] of there) expect(bytes.equals(here.get(name)!), name).toBe(true)
  expect([...here.values()].filter((bytes) => bytes.includes(ROOT))).toEqual([])
})

function copyCheckout(target: string): void {
  const words = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate']
  const listed = execFileSync('git', words, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 })
  const names = listed.split('\0').filter((name) => name !== '')
  for (const name of names.filter((each) => existsSync(path.join(ROOT, each))))
    cpSync(path.join(ROOT, name), path.join(target, name))
}

function build(checkout: string): void {
  const options = { stdio: 'pipe', env: { ...process.env, CI: 'true' } } as const
  const flags = ['--frozen-lockfile', '--prefer-offline', '--prod=false']
  execFileSync('pnpm', ['install', ...flags], { ...options, cwd: checkout })
  execFileSync('pnpm', ['run', 'build'], { ...options, cwd: path.join(checkout, ACTION) })
}

function readTree(directory: string): ReadonlyMap<string, Buffer> {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
  return new Map(names.toSorted().map((name) => [name, readFileSync(path.join(directory, name))]))
}

import path from 'node:path'
import { expect, test } from 'vitest'
import { findCircles } from './architecture/find-circles.ts'
import { findViolations } from './architecture/find-violations.ts'
import type { Rules } from './architecture/find-violations.ts'
import { readSources } from './architecture/read-sources.ts'
import { FORBIDDEN_TEXTS, LAYERS, LONG_FILES } from './architecture/rules.ts'

const rules: Rules = { layers: LAYERS, longFiles: LONG_FILES, forbiddenTexts: FORBIDDEN_TEXTS }

test('the code keeps to the rules', () => {
  const sources = readSources(path.join(import.meta.dirname, '..'))

  const violations = findViolations(sources, rules)

  expect(sources.length).toBeGreaterThan(50)
  expect(violations).toEqual([])
})

// Each line is a violation that the rules must see: without this, a scan that finds nothing would pass.
test.each([
  [
    'packages/core/src/model/x.ts',
    /may not import node:fs/,
    `import { readFileSync } from 'node:fs'`,
  ],
  ['packages/core/src/model/x.ts', /node:fs\/promises/, `import { stat } from 'node:fs/promises'`],
  [
    'packages/core/src/model/x.ts',
    /may not import core\/store/,
    `import { open } from '../store/open.ts'`,
  ],
  [
    'packages/core/src/model/x.ts',
    /may not import core\/vault/,
    `export * from '../vault/vault.ts'`,
  ],
  ['packages/core/src/model/x.ts', /no process, clock or chance/, `const at = Date.now()`],
  ['packages/core/src/model/x.ts', /core\/hashing/, `import { hash } from '../hashing/hash.ts'`],
  [
    'packages/core/src/files/x.ts',
    /core\/store/,
    `import {\n  a,\n  b,\n} from '../store/store.ts'`,
  ],
  [
    'packages/core/src/store/x.ts',
    /child_process/,
    `const run = await import('node:child_process')`,
  ],
  ['packages/core/src/store/x.ts', /core\/vault/, `import type { Vault } from '../vault/vault.ts'`],
  [
    'packages/core/src/vault/x.ts',
    /better-sqlite3/,
    `createRequire(import.meta.url)('better-sqlite3')`,
  ],
  ['packages/core/src/vault/x.ts', /@taskvault\/cli/, `import { main } from '@taskvault/cli'`],
  ['packages/core/src/vault/x.ts', /left-pad/, `import left from 'left-pad'`],
  ['packages/core/src/vault/x.ts', /core prints nothing/, `console.log('hit')`],
  ['packages/core/src/index.ts', /core\/git/, `export * from './git/git.ts'`],
  ['packages/core/src/plugins/x.ts', /belongs to no layer/, `export const a = 1`],
  ['packages/core/src/files/utils.ts', /says nothing/, `export const a = 1`],
  ['packages/core/src/files/readFile.ts', /not kebab-case/, `export const a = 1`],
  ['packages/core/src/files/x.ts', /default export/, `export default 1`],
  ['packages/core/src/files/x.ts', /251 lines/, 'let a\n'.repeat(251)],
  [
    'packages/cli/src/commands/x.ts',
    /leaves the package/,
    `import { a } from '../../../core/src/a.ts'`,
  ],
  ['packages/cli/src/commands/x.ts', /core\/store/, `import { a } from '@taskvault/core/store'`],
  ['packages/cli/src/commands/x.ts', /only start.ts and hook.ts touch/, `process.exit(1)`],
  [
    'packages/core/src/store/entries/x.ts',
    /ensureDirectory/,
    `mkdirSync(dirname(path), { recursive: true })`,
  ],
  ['packages/server/src/engine/x.ts', /ensureDirectory/, `await mkdir(a, {\n  recursive: true })`],
  ['packages/server/src/x.ts', /belongs to no layer/, `export const a = 1`],
  ['actions/cache-action/src/x.ts', /core\/store/, `import { a } from '@taskvault/core/store'`],
  ['actions/cache-action/src/x.ts', /only the four files/, `process.exit(1)`],
])('a planted violation in %s is found: %s', (relativePath, expected, text) => {
  const [violation = 'nothing'] = findViolations([{ relativePath, text }], {
    ...rules,
    longFiles: {},
  })

  expect(violation).toMatch(expected)
})

test('no files need one another', () => {
  expect(findCircles(readSources(path.join(import.meta.dirname, '..')))).toEqual([])
})

test('files that need one another are found, also by their types and when they are loaded late', () => {
  const sources = [
    { relativePath: 'packages/core/src/a.ts', text: `import { b } from './model/b.ts'` },
    { relativePath: 'packages/core/src/model/b.ts', text: `import type { C } from './c.ts'` },
    { relativePath: 'packages/core/src/model/c.ts', text: `const a = await import('../a.ts')` },
    { relativePath: 'packages/core/src/model/d.ts', text: `import { b } from './b.ts'` },
  ]

  expect(findCircles(sources)).toEqual([
    'packages/core/src/a.ts -> packages/core/src/model/b.ts -> packages/core/src/model/c.ts -> packages/core/src/a.ts',
  ])
})

test('a type may come from a layer whose code may not', () => {
  const text = `import type { HashAlgorithm } from '../hashing/hash-algorithm.ts'`

  expect(violationsOf('packages/core/src/model/x.ts', text)).toEqual([])
})

test('a module named in a comment is no import', () => {
  const text = `/* unlike\nimport { readFileSync } from 'node:fs'\n*/\n// import('node:http')\n`

  expect(violationsOf('packages/core/src/model/x.ts', text)).toEqual([])
})

test('an exception for a file that is no longer long is stale', () => {
  const longFiles = { 'packages/core/src/files/x.ts': 'it is one table' }

  const violations = findViolations([], { ...rules, longFiles })

  expect(violations).toEqual(['packages/core/src/files/x.ts is listed as a long file, and is none'])
})

function violationsOf(relativePath: string, text: string): readonly string[] {
  return findViolations([{ relativePath, text }], { ...rules, longFiles: {} })
}

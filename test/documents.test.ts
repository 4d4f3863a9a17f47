import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { settingVariableNames } from '@taskvault/core'
import { expect, test } from 'vitest'

const ROOT = path.join(import.meta.dirname, '..')
const DOCUMENTS = globSync(['*.md', 'docs/**/*.md', '*/README.md'], { cwd: ROOT })

test.each(DOCUMENTS)('every link in %s leads somewhere', (document) => {
  const broken = findBrokenLinks(document, read(document))

  expect(broken).toEqual([])
})

test('a link that leads nowhere is noticed', () => {
  const broken = findBrokenLinks('docs/x.md', 'See [this](../nowhere.md#there), and [that](adr).')

  expect(broken).toEqual(['../nowhere.md'])
})

test('every place on the map of the code exists', () => {
  const places = read('ARCHITECTURE.md').matchAll(/`(core|cli)\/([a-z/-]+(?:\.ts|\/))`/g)

  const missing = Array.from(
    places,
    ([, name = '', place = '']) => `packages/${name}/src/${place}`,
  ).filter((place) => !existsSync(path.join(ROOT, place)))

  expect(missing).toEqual([])
})

// A script that takes a mistyped option for the name of a directory leaves one that nobody knows.
test('every directory at the top is named on the map', () => {
  const tracked = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).split('\n')
  const directories = new Set(tracked.flatMap((file) => /^[^/]+\//.exec(file) ?? []))
  const map = read('ARCHITECTURE.md')

  const unnamed = Array.from(directories).filter((directory) => !map.includes(directory))

  expect(directories).toContain('packages/')
  expect(unnamed).toEqual([])
})

test('every setting that the environment can make is documented', () => {
  const configuration = read('docs/configuration.md')

  const missing = settingVariableNames().filter((name) => !configuration.includes(`\`${name}\``))

  expect(missing).toEqual([])
})

test('the figures of the front page are those of the benchmarks', () => {
  const [, section = ''] = /## How fast it is\n([^]*?)\n## /.exec(read('README.md')) ?? []
  const benchmarks = read('docs/benchmarks.md')

  const figures = section.match(/(?<=\| |, |takes )\d[\d.]* (?:ms|s|kB|MB)(?=[ ,])/g) ?? []

  expect(figures).toHaveLength(13)
  expect(figures.filter((figure) => !benchmarks.includes(`| ${figure}`))).toEqual([])
})

test('every decision is numbered once, without gaps', () => {
  const numbers = globSync('docs/adr/[0-9]*.md', { cwd: ROOT }).map((file) =>
    Number(path.basename(file).slice(0, 4)),
  )

  const sorted = numbers.toSorted((left, right) => left - right)

  expect(sorted).toEqual(sorted.map((_, index) => index + 1))
})

function findBrokenLinks(document: string, markdown: string): readonly string[] {
  const targets = Array.from(markdown.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target)
  return targets
    .filter((target) => !/^(https?:|mailto:|#)/.test(target))
    .map((target) => target.replace(/#.*$/, ''))
    .filter((target) => !existsSync(path.join(ROOT, path.dirname(document), target)))
}

function read(relativePath: string): string {
  return readFileSync(path.join(ROOT, relativePath), 'utf8')
}

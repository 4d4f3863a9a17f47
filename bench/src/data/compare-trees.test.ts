import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { compareTrees } from './compare-trees.ts'
import { turnInto } from './turn-into.ts'

test('finds no difference between a tree and its equal', () => {
  const { a, b } = pairOfTrees()

  expect(compareTrees(a, b, true)).toEqual([])
})

test.each([
  ['content', (tree: string) => rewrite(join(tree, 'sub/file'), 'BYTES')],
  ['mode', (tree: string) => chmodSync(join(tree, 'sub/file'), 0o755)],
  ['time', (tree: string) => utimesSync(join(tree, 'sub/file'), 1, 1)],
  ['extra file', (tree: string) => writeFileSync(join(tree, 'extra'), '')],
  ['missing directory', (tree: string) => rmSync(join(tree, 'empty'), { recursive: true })],
  ['link target', (tree: string) => relink(join(tree, 'link'), 'empty')],
])('sees a difference in %s', (_, change) => {
  const { a, b } = pairOfTrees()

  change(b)

  expect(compareTrees(a, b, true)).toHaveLength(1)
})

test('turns one tree into another, down to modes, links and times', () => {
  const { a, b } = pairOfTrees()
  chmodSync(join(b, 'sub/file'), 0o755)
  relink(join(b, 'link'), 'empty')
  mkdirSync(join(b, 'new/inner'), { recursive: true })
  writeFileSync(join(b, "new/inner/odd ' name\n"), 'x')
  rmSync(join(b, 'empty'), { recursive: true })

  turnInto(a, b)

  expect(compareTrees(b, a, true)).toEqual([])
})

function pairOfTrees(): { a: string; b: string } {
  const root = mkdtempSync(join(tmpdir(), 'bench-trees-'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  const [a, b] = [join(root, 'a'), join(root, 'b')]
  for (const tree of [a, b]) {
    mkdirSync(join(tree, 'sub'), { recursive: true })
    mkdirSync(join(tree, 'empty'))
    rewrite(join(tree, 'sub/file'), 'bytes')
    symlinkSync('sub', join(tree, 'link'))
  }
  return { a, b }
}

function rewrite(file: string, content: string): void {
  writeFileSync(file, content)
  utimesSync(file, 1_700_000_000, 1_700_000_000.5)
}

function relink(link: string, target: string): void {
  rmSync(link)
  symlinkSync(target, link)
}

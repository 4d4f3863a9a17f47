import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findOutputTargets } from './output-targets.ts'
import type { OutputPlaces } from './output-targets.ts'

describe('outputs', () => {
  test('lie below the project root, under uniform names', () => {
    const places = openProject()

    const targets = findOutputTargets(
      ['dist/', './a//b/../c.txt', path.join(places.projectRoot, 'x'), './~/~x', '~y'],
      places,
    )

    expect(targets).toEqual(
      ['dist', 'a/c.txt', 'x', '~/~x', '~y'].map((name) => ({
        declaredAs: name,
        absolutePath: path.join(places.projectRoot, name),
      })),
    )
  })

  test('count once, and as part of an output around them', () => {
    const names = findOutputTargets(['a/b/c', 'a', 'a/b', 'ab', 'a'], openProject()).map(
      (target) => target.declaredAs,
    )

    expect(names).toEqual(['a', 'ab'])
  })

  test('may be in a directory that a symlink within the project leads to', () => {
    const places = openProject()
    mkdirSync(path.join(places.projectRoot, 'real'))
    symlinkSync('real', path.join(places.projectRoot, 'link'))

    expect(findOutputTargets(['link/new/out.txt'], places)).toHaveLength(1)
  })
})

describe('refused are', () => {
  test.each([
    ['', 'no path'],
    ['.', 'the project itself'],
    ['..', 'what is around it'],
    ['../sibling', 'a neighbour'],
    ['/etc/passwd', 'an absolute path elsewhere'],
    ['~/.cache/tool', 'the home directory, as a shell would have it'],
    ['a/../../b', 'a way out through ..'],
    ['.git/hooks', 'a repository'],
    ['sub/.GIT/config', 'a repository on a file system without case'],
    ['.taskvault', 'our own directory'],
    ['var', 'what the cache lies in'],
    ['var/cache/blobs', 'what lies in the cache'],
    ['a\0b', 'a name that no system has'],
  ])('%j: %s', (output) => {
    expect(() => findOutputTargets([output], openProject())).toThrow(
      expect.objectContaining({ code: 'OUTPUT_FORBIDDEN' }),
    )
  })

  test.each(['CON', 'sub/aux.txt', 'nul', 'out:stream', 'dir. /x', 'dir /x'])(
    '%j on Windows, where it is something else',
    (output) => {
      const places = openProject()

      expect(() => findOutputTargets([output], { ...places, platform: 'win32' })).toThrow(
        expect.objectContaining({ code: 'OUTPUT_FORBIDDEN' }),
      )
      expect(findOutputTargets([output], { ...places, platform: 'linux' })).toHaveLength(1)
    },
  )

  test('outputs behind a symlink that leads out of the project', () => {
    const places = openProject()
    symlinkSync(tmpdir(), path.join(places.projectRoot, 'out'))

    expect(() => findOutputTargets(['out/x'], places)).toThrow(
      expect.objectContaining({ code: 'OUTPUT_FORBIDDEN' }),
    )
  })
})

function openProject(): OutputPlaces {
  const projectRoot = realpathSync(mkdtempSync(path.join(tmpdir(), 'taskvault-outputs-')))
  onTestFinished(() => rmSync(projectRoot, { recursive: true, force: true }))
  return { projectRoot, cacheDirectory: path.join(projectRoot, 'var', 'cache') }
}

import { lstatSync, readdirSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isThere } from '../../files/is-there.ts'
import { divideOutputs } from '../../files/selection/output-patterns.ts'
import { gitEnvironment, openProject } from '../../testing/temporary-project.ts'
import type { PathContent, TemporaryProject } from '../../testing/temporary-project.ts'
import type { TaskOutputs } from '../vault.ts'
import { findTaskOutputs } from './task-outputs.ts'
import { createTaskProducts } from './task-products.ts'

/*
 * Random trees, patterns and states of git, and what git itself says of them. Patterns are lists of names here, matched
 * one by one, so that nothing is shared with what is tested.
 */

interface Line {
  readonly isExclusion: boolean
  readonly names: readonly string[]
  readonly end: '' | '/**' | '/**/*'
}

interface Project {
  readonly files: readonly (readonly string[])[]
  /** Of `files`, by number. */
  readonly tracked: readonly boolean[]
  readonly links: readonly (readonly string[])[]
  readonly ignored: readonly string[]
  readonly ignoredBelow: readonly string[]
  readonly foreign: readonly string[] | undefined
  readonly isRepository: boolean
}

const aName = fc.constantFrom(
  'packages',
  'a',
  'dist',
  'dist',
  'lib',
  'x.js',
  '.y.ts',
  'node_modules',
)
const aPath = fc.array(aName, { minLength: 1, maxLength: 4 })
const aRule = fc.constantFrom('dist', 'dist/', '*.js', '/packages/a/*', '!x.js', 'lib', '/a/dist/')
const rules = fc.array(aRule, { maxLength: 3 })

const projects: fc.Arbitrary<Project> = fc.record({
  files: fc.array(aPath, { minLength: 1, maxLength: 14 }),
  tracked: fc.array(fc.boolean(), { minLength: 14, maxLength: 14 }),
  links: fc.array(aPath, { maxLength: 2 }),
  ignored: rules,
  ignoredBelow: rules,
  foreign: fc.option(aPath, { nil: undefined, freq: 4 }),
  isRepository: fc.oneof(
    { weight: 5, arbitrary: fc.constant(true) },
    { weight: 1, arbitrary: fc.constant(false) },
  ),
})

const WILD = ['*', '**', '*.js', '{a,dist}']
const aLine: fc.Arbitrary<Line> = fc.record({
  isExclusion: fc.oneof(
    { weight: 3, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  names: fc
    .array(fc.oneof(aName, fc.constantFrom(...WILD)), { minLength: 1, maxLength: 4 })
    .filter(
      (names) =>
        names.some((name) => !/^[*]*$/.test(name)) &&
        !/(^|[/])[*][*]([/][*])?$/.test(names.join('/')),
    ),
  end: fc.constantFrom('', '/**', '/**/*'),
})
const lists = fc
  .array(aLine, { minLength: 1, maxLength: 4 })
  .filter((lines) => lines.some(({ isExclusion }) => !isExclusion))

test('patterns select what git says is no source, and an entry changes nothing else', () => {
  fc.assert(
    fc.property(projects, lists, fc.array(aPath, { maxLength: 3 }), (given, lines, names) => {
      using project = make(given)
      const known = askGit(project, given)
      const { outputs, has } = open(project, lines)
      const expected = known.files.filter((file) => isSelected(file, lines, known))

      const found = outputs.find().map(({ declaredAs }) => declaredAs)

      expect(known.files.filter(has)).toEqual(expected)
      expect(found.flatMap((name) => filesIn(project.root, name)).toSorted()).toEqual(expected)
      expect(outputs.select(found)?.length).toBe(found.length)
      for (const name of [...names.map((each) => each.join('/')), ...found])
        expectHarmless(outputs, name, { project, known, expected })
    }),
    { numRuns: 60 },
  )
})

/** Whatever an entry of that name has in it, it overwrites and removes no source. */
function expectHarmless(
  outputs: TaskOutputs,
  name: string,
  {
    project,
    known,
    expected,
  }: { project: TemporaryProject; known: Known; expected: readonly string[] },
): void {
  if (outputs.select([name]) === undefined) return
  const stay = known.files.filter((file) => !expected.includes(file))
  for (const file of stay.filter((each) => isAt(name, each))) {
    const absolutePath = path.join(project.root, file)
    expect([file, outputs.wants?.(absolutePath)]).toEqual([file, false])
    for (let at = file; isAt(name, at); at = path.dirname(at))
      expect([at, outputs.keeps(path.join(project.root, at))]).toEqual([at, true])
  }
}

function isAt(name: string, file: string): boolean {
  return file === name || file.startsWith(`${name}/`)
}

interface Known {
  /** All files and links but those of git, sorted. */
  readonly files: readonly string[]
  readonly tracked: readonly string[]
  readonly ignored: readonly string[]
  /** Directories of other repositories. */
  readonly foreign: readonly string[]
  readonly isRepository: boolean
}

/** The outputs, by the rules as they are documented. */
function isSelected(file: string, lines: readonly Line[], known: Known): boolean {
  const last = lines.findLastIndex((line) => line.isExclusion && matches(line, file))
  const places = lines
    .slice(last + 1)
    .filter(({ isExclusion }) => !isExclusion)
    .flatMap((line) => placeOf(line, file) ?? [])
  const isForeign = (place: string): boolean => known.foreign.some((each) => isAt(each, place))
  const isOwn = (place: string): boolean =>
    place !== file && !known.tracked.some((each) => isAt(place, each)) && !isForeign(place)
  if (places.some(isOwn)) return true
  if (places.length === 0 || isForeign(path.dirname(file))) return false
  return !known.isRepository || known.ignored.includes(file)
}

function placeOf(line: Line, file: string): string | undefined {
  const isNamed = !/[*]/.test(line.names.at(-1) ?? '')
  const candidates = isNamed ? upTo(file) : [file]
  const place = candidates.find((each) => matches(isNamed ? { ...line, end: '' } : line, each))
  if (place === undefined || line.names.includes('node_modules')) return place
  return path.dirname(place).split('/').includes('node_modules') ? undefined : place
}

function upTo(file: string): readonly string[] {
  const names = file.split('/')
  return names.map((_, at) => names.slice(0, at + 1).join('/'))
}

/** A name at the end means everything below it as well. */
function matches({ names, end }: Line, file: string): boolean {
  const isNamed = !/[*{]/.test(names.at(-1) ?? '')
  const given = file.split('/')
  const isBelow = given.some((_, at) => at > 0 && matchNames(names, given.slice(0, at)))
  if (end !== '') return isBelow
  return matchNames(names, given) || (isNamed && isBelow)
}

function matchNames(names: readonly string[], given: readonly string[]): boolean {
  const [name, ...rest] = names
  if (name === undefined) return given.length === 0
  if (name === '**') return given.some((_, at) => matchNames(rest, given.slice(at)))
  const [first, ...others] = given
  return first !== undefined && matchName(name, first) && matchNames(rest, others)
}

function matchName(name: string, given: string): boolean {
  if (name === '*') return true
  if (name === '*.js') return given.endsWith('.js')
  if (name === '{a,dist}') return given === 'a' || given === 'dist'
  return name === given
}

function open(project: TemporaryProject, lines: readonly Line[]) {
  const projectRoot = project.root
  const env = gitEnvironment()
  const texts = lines.map(
    ({ isExclusion, names, end }) => (isExclusion ? '!' : '?') + names.join('/') + end,
  )
  const { paths, patterns } = divideOutputs(texts, projectRoot)
  const places = { projectRoot, env, cacheDirectory: path.join(projectRoot, '.taskvault/cache') }
  const outputs = findTaskOutputs({ outputs: paths, outputPatterns: patterns }, places)
  if (!('select' in outputs)) throw new Error('there is no pattern among them')
  return { outputs, has: createTaskProducts(patterns, places).has }
}

function make(given: Project): TemporaryProject {
  const project = openProject()
  if (given.isRepository) project.git('init', '--quiet')
  for (const file of given.files) writeIfFree(project, file.join('/'), 'text')
  for (const link of given.links) writeIfFree(project, link.join('/'), { target: '..' })
  writeIfFree(project, '.gitignore', given.ignored.join('\n'))
  writeIfFree(project, 'packages/.gitignore', given.ignoredBelow.join('\n'))
  const there = new Set(filesIn(project.root, ''))
  const tracked = given.files
    .map((each) => each.join('/'))
    .filter((each, at) => given.tracked[at] && there.has(each))
  if (given.isRepository && tracked.length > 0) project.git('add', '--force', '--', ...tracked)
  if (given.foreign !== undefined) writeIfFree(project, `${given.foreign.join('/')}/.git/HEAD`, '')
  return project
}

function writeIfFree(project: TemporaryProject, file: string, content: PathContent): void {
  const isFree =
    !isThere(path.join(project.root, file)) &&
    upTo(path.dirname(file)).every((each) => isFreeDirectory(project.root, each))
  if (isFree) project.write({ [file]: content })
}

function isFreeDirectory(root: string, name: string): boolean {
  return !isThere(path.join(root, name)) || lstatSync(path.join(root, name)).isDirectory()
}

function askGit(project: TemporaryProject, { isRepository, foreign }: Project): Known {
  const list = (...words: readonly string[]): readonly string[] =>
    project
      .git('ls-files', '-z', ...words)
      .split('\0')
      .filter((each) => each !== '')
  const files = filesIn(project.root, '')
  const isForeign =
    foreign !== undefined && isThere(path.join(project.root, ...foreign, '.git/HEAD'))
  return {
    files,
    tracked: isRepository ? list() : [],
    ignored: isRepository ? list('--others', '--ignored', '--exclude-standard') : [],
    foreign: isForeign ? [foreign.join('/')] : [],
    isRepository,
  }
}

function filesIn(root: string, name: string): readonly string[] {
  if (!isFreeDirectory(root, name)) return [name]
  return readdirSync(path.join(root, name))
    .filter((each) => each !== '.git')
    .flatMap((each) => filesIn(root, name === '' ? each : `${name}/${each}`))
    .toSorted()
}

import { lstatSync } from 'node:fs'
import path from 'node:path'
import { TaskVaultError, isTaskVaultError } from '../../errors.ts'
import { isThere } from '../../files/is-there.ts'
import { isWithin } from '../../files/is-within.ts'
import { namesAbove } from '../../files/names-above.ts'
import { relativePathOf } from '../../files/relative-path-of.ts'
import { entersPath, isFulfilled } from '../../files/selection/output-patterns.ts'
import type { OutputPattern } from '../../files/selection/output-patterns.ts'
import { describeLeftOut } from '../../model/left-out.ts'
import type { LeftOut } from '../../model/left-out.ts'
import type { WorkDefinition } from '../../model/task.ts'
import type { OutputTarget, TaskOutputs } from '../vault.ts'
import { findOutputTargets } from './output-targets.ts'
import { createTaskProducts } from './task-products.ts'
import type { TaskPlaces, TaskProducts } from './task-products.ts'
import { listProducts, walkProducts } from './walk-products.ts'

/**
 * Where a task's outputs are; if there are patterns among them, the rules for finding them.
 * @throws {TaskVaultError} OUTPUT_FORBIDDEN, as `findOutputTargets` does; ARGUMENT_INVALID when a pattern is malformed.
 */
export function findTaskOutputs(
  { outputs, outputPatterns = [] }: Pick<WorkDefinition, 'outputs' | 'outputPatterns'>,
  places: TaskPlaces,
): readonly OutputTarget[] | TaskOutputs {
  const named = findOutputTargets(outputs, places)
  if (outputPatterns.length === 0) return named
  return selectTaskOutputs(named, () => createTaskProducts(outputPatterns, places), places)
}

function selectTaskOutputs(
  named: readonly OutputTarget[],
  lookAgain: () => TaskProducts,
  places: TaskPlaces,
): TaskOutputs {
  const { projectRoot } = places
  // Git's answers are remembered for one save or restore: a task may change them.
  let products = lookAgain()
  let notFound: readonly LeftOut[] = []
  const isNamed = (absolutePath: string): boolean =>
    named.some((target) => isWithin(absolutePath, target.absolutePath))
  const nameOf = (absolutePath: string): string => relativePathOf(absolutePath, projectRoot)
  const found = (name: string): OutputTarget => ({
    declaredAs: name,
    absolutePath: path.join(projectRoot, name),
    // Patterns do not match behind links.
    anchor: projectRoot,
  })

  return {
    find() {
      products = lookAgain()
      const { names, missing, sources, leftOut } = walkProducts(products, places)
      const [first] = missing
      if (first !== undefined) throw nothingFound(first, { source: sources.get(first), leftOut })
      notFound = leftOut.filter((each) => !isNamed(path.join(projectRoot, each.relativePath)))
      const others = names.map(found).filter(({ absolutePath }) => !isNamed(absolutePath))
      // Those that are not there are told by whoever saves them.
      const apart = named.filter((one) => !isCovered(one, others) || !isThere(one.absolutePath))
      return sorted([...apart, ...others])
    },
    leftOut: () => notFound,
    explainInput(name) {
      const pattern = lookAgain().findMatch(name)?.pattern.glob.text
      if (pattern === undefined) return undefined
      return { relativePath: name, pattern, because: 'not-ignored' }
    },
    select(names) {
      products = lookAgain()
      const given = new Set(names)
      const apart = named.filter(({ declaredAs }) => given.delete(declaredAs))
      const others = [...given].map(found)
      const isRight =
        areApart(names) &&
        named.every((one) => apart.includes(one) || isCovered(one, others)) &&
        areAllowed(others, places) &&
        areReachable(others, places) &&
        others.every((target) => isOwn(target, products)) &&
        products.patterns.every((pattern) => mayBeFulfilled(pattern, names))
      return isRight ? [...apart, ...others] : undefined
    },
    wants(absolutePath) {
      const name = nameOf(absolutePath)
      return isNamed(absolutePath) || products.findWhole(name) !== undefined || products.has(name)
    },
    keeps: (absolutePath) =>
      !isNamed(absolutePath) && products.findWhole(nameOf(absolutePath)) === undefined,
    findStale(names) {
      const known = new Set(names)
      const divided = names.flatMap((name) => products.findNamed(name) ?? [])
      const directories = [...new Set(divided)].filter((directory) => !known.has(directory))
      const others = listProducts(directories, products, places).filter((name) => !known.has(name))
      return sorted(others.map(found).filter(({ absolutePath }) => !isNamed(absolutePath)))
    },
  }
}

/** Whether a path lies in one of the directories. */
function isCovered({ absolutePath }: OutputTarget, directories: readonly OutputTarget[]): boolean {
  return directories.some((directory) => isWithin(absolutePath, directory.absolutePath))
}

/** Whether no name occurs twice or lies inside another one. */
function areApart(names: readonly string[]): boolean {
  const known = new Set(names)
  return (
    known.size === names.length &&
    names.every((name) => !namesAbove(name).some((ancestor) => known.has(ancestor)))
  )
}

/** A pattern may match something in a directory, which the name of the directory does not tell. */
function mayBeFulfilled(pattern: OutputPattern, names: readonly string[]): boolean {
  return isFulfilled(pattern, names) || names.some((name) => entersPath(pattern.glob, name))
}

/** Whether names are spelled as saves spell them, and are allowed for outputs. */
function areAllowed(targets: readonly OutputTarget[], places: TaskPlaces): boolean {
  const names = targets.map(({ declaredAs }) => declaredAs)
  try {
    const allowed = findOutputTargets(names, places)
    return names.every((name, at) => allowed[at]?.declaredAs === name)
  } catch (error) {
    if (isTaskVaultError(error, 'OUTPUT_FORBIDDEN')) return false
    throw error
  }
}

/** Whether nothing but directories is on the way: nothing is put behind links, and a file may be a source. */
function areReachable(targets: readonly OutputTarget[], { projectRoot }: TaskPlaces): boolean {
  const known = new Map([[projectRoot, true]])
  function isOpen(directory: string): boolean {
    const answer =
      known.get(directory) ?? (isOpen(path.dirname(directory)) && !isInTheWay(directory))
    known.set(directory, answer)
    return answer
  }
  return targets.every(({ absolutePath }) => isOpen(path.dirname(absolutePath)))
}

function isInTheWay(absolutePath: string): boolean {
  return lstatSync(absolutePath, { throwIfNoEntry: false })?.isDirectory() === false
}

/** Whether an entry may write there: only what belongs to the task is overwritten. */
function isOwn({ declaredAs: name, absolutePath }: OutputTarget, products: TaskProducts): boolean {
  const there = lstatSync(absolutePath, { throwIfNoEntry: false })
  const isWhole = products.findWhole(name) === name
  if (there?.isDirectory() === true) return isWhole
  if (there !== undefined) return products.has(name)
  // The entry may have either there.
  return isWhole || (products.has(name) && !products.holdsSources(name))
}

function sorted(targets: readonly OutputTarget[]): readonly OutputTarget[] {
  return targets.toSorted((a, b) => (a.declaredAs < b.declaredAs ? -1 : 1))
}

function nothingFound(
  { glob }: OutputPattern,
  { source, leftOut }: { source: string | undefined; leftOut: readonly LeftOut[] },
): TaskVaultError {
  const pattern = glob.text
  const known = leftOut.find((each) => each.pattern === pattern)
  const unknown = source && { relativePath: source, pattern, because: 'not-ignored' as const }
  const left = known ?? unknown
  const because = left ? `: ${describeLeftOut(left)}` : ''
  return new TaskVaultError('OUTPUT_MISSING', `Output ${pattern} was not produced${because}`, {
    hint: 'Check the pattern; put `?` in front of it if it may match nothing.',
  })
}

import { TaskVaultError } from '../../errors.ts'
import type { Manifest } from '../../model/manifest.ts'
import type { OutputTarget, RestoreRequest } from '../vault.ts'

/** Where the outputs of the entry go; undefined when they are not those that were declared. */
export function findTargets(
  manifest: Manifest,
  declared: RestoreRequest['targets'],
): readonly OutputTarget[] | undefined {
  if ('select' in declared)
    return declared.select(manifest.outputs.map(({ declaredAs }) => declaredAs))
  return hasSameOutputs(manifest, declared) ? declared : undefined
}

function hasSameOutputs(manifest: Manifest, targets: readonly OutputTarget[]): boolean {
  const saved = manifest.outputs.map((output) => output.declaredAs).toSorted()
  const wanted = targets.map((target) => target.declaredAs).toSorted()
  return saved.length === wanted.length && saved.every((name, index) => name === wanted[index])
}

interface WrittenRules {
  readonly targets: readonly OutputTarget[]
  readonly wants: (absolutePath: string) => boolean
}

/** @throws {TaskVaultError} ENTRY_DAMAGED when the entry has what the paths leave out. */
export function checkWritten(written: Iterable<string>, { targets, wants }: WrittenRules): void {
  const byName = new Map(targets.map((target) => [target.declaredAs, target.absolutePath]))
  for (const name of written) {
    let end = name.length
    while (end > 0 && !byName.has(name.slice(0, end))) end = name.lastIndexOf('/', end - 1)
    if (wants((byName.get(name.slice(0, end)) ?? '') + name.slice(end))) continue
    throw new TaskVaultError('ENTRY_DAMAGED', `The entry has ${name}, which is left out`)
  }
}

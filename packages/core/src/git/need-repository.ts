import { TaskVaultError } from '../errors.ts'
import { findRepository } from './find-repository.ts'
import type { RepositoryPlace } from './find-repository.ts'

/**
 * The repository that a directory belongs to, and the directory's place in it.
 * @param hint what to do where there is none.
 * @throws {TaskVaultError} GIT_FAILED when there is none.
 */
export function needRepository(directory: string, hint: string): RepositoryPlace {
  const place = findRepository(directory)
  if (place === undefined) throw outsideRepository(directory, hint)
  return place
}

export function outsideRepository(directory: string, hint: string): TaskVaultError {
  return new TaskVaultError('GIT_FAILED', `${directory} is not in a git repository`, { hint })
}

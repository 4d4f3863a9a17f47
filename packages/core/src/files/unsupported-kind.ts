import { TaskVaultError } from '../errors.ts'

/** A socket, pipe or device cannot be put back. */
export function unsupportedKind(absolutePath: string): TaskVaultError {
  return new TaskVaultError(
    'OUTPUT_UNREADABLE',
    `${absolutePath} is not a file, directory or symlink`,
    { hint: 'Sockets, pipes and devices cannot be cached: leave them out.' },
  )
}

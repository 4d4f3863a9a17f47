import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Has git ignore a directory of ours and all that is in it, wherever it lies; what is written there once stays. */
export function keepOutOfGit(directory: string): void {
  const file = join(directory, '.gitignore')
  if (!existsSync(file)) writeFileSync(file, '*\n')
}

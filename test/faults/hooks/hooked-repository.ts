import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOOK_COMMAND, describeRepository } from './test-repository.ts'
import type { TestRepository } from './test-repository.ts'

/** As `taskvault hooks install` would have it, as far as it matters here. */
const HOOK = `#!/bin/sh\nexec '${HOOK_COMMAND.join("' '")}' "$@"\n`

/**
 * An empty repository with a hook before commits.
 * @param root an empty directory, absolute.
 */
export function createHookedRepository(root: string, hook: string = HOOK): TestRepository {
  const repository = describeRepository(root)
  mkdirSync(repository.workTree)
  repository.git('init', '-q', '-b', 'main')
  const file = join(repository.workTree, '.git/hooks/pre-commit')
  mkdirSync(join(repository.workTree, '.git/hooks'), { recursive: true })
  writeFileSync(file, hook)
  chmodSync(file, 0o755)
  return repository
}

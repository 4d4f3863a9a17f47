import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { TaskVaultError } from '../errors.ts'
import { openHookRepository } from '../testing/hook-repository.ts'
import { carryOut } from './carry-out.ts'

test('a step that cannot be taken back keeps no other from it, nor hides why', () => {
  using repository = openHookRepository()
  const hooks = join(repository.root, '.git/hooks')
  const directory = join(hooks, 'ours')
  const hook = join(hooks, 'pre-push')
  const git = (): never => {
    writeFileSync(join(directory, 'of somebody else'), '')
    throw new TaskVaultError('GIT_FAILED', 'git config failed')
  }

  const change = (): void =>
    carryOut(
      [
        { kind: 'write-hook', path: hook, text: '#!/bin/sh\n' },
        { kind: 'make-directory', path: directory },
        { kind: 'configure', hook: 'pre-push', command: 'true' },
      ],
      { configurationPath: join(repository.root, '.git/config'), git },
    )

  expect(change).toThrow(expect.objectContaining({ code: 'GIT_FAILED' }))
  expect(existsSync(hook)).toBe(false)
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { gitEnvironment, openProject } from '../testing/temporary-project.ts'
import { listChanges } from './list-changes.ts'

test('an index that nobody can read is one failure, which is told', async () => {
  using project = openProject()
  project.git('init', '-q')
  writeFileSync(join(project.root, '.git/index'), 'no index at all')

  await expect(
    listChanges({ projectRoot: project.root, env: gitEnvironment() }),
  ).rejects.toMatchObject({ code: 'GIT_FAILED' })
})

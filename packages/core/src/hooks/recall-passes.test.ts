import { expect, test } from 'vitest'
import { loadSettings } from '../config/load-settings.ts'
import { gitEnvironment, openProject } from '../testing/temporary-project.ts'
import { recallPasses } from './recall-passes.ts'

test('a bug of ours is left to who sees to the hook as a whole', async () => {
  using project = openProject()
  project.git('init', '-q')
  const env = gitEnvironment()
  const settings = await loadSettings({ cwd: project.root, env })
  const request = { hook: 'pre-commit', settings, env, input: undefined } as const

  const recalled = await recallPasses({ ...request, now: Date.now })
  const meeting = recallPasses({
    ...request,
    settings: { ...settings, tasks: null as never },
    now: Date.now,
  })

  expect(recalled).toEqual([])
  await expect(meeting).resolves.toBeUndefined()
})

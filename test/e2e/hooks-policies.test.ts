import { expect, test } from 'vitest'
import { addRemote } from '../rig/hook-project.ts'
import { openHookedProject } from '../rig/hooked-project.ts'
import type { HookedProject } from '../rig/hooked-project.ts'

/* What policies decide in git hooks. */

const TASKS = `tasks:
  unit_tests: { command: sh test.sh, inputs: ['src/**', test.sh], hooks: [pre-commit, pre-push] }
`
const ADA = { env: { USER: 'ada' } }
const GRACE = { env: { USER: 'grace' } }

test('the line on a skip says what, since when, where, who passed it and what it saved', async () => {
  await using project = await openHookedProject({ 'test.sh': 'sleep 1.1' })

  const first = await project.commit('first', ADA)
  const own = await amend(project, ADA)
  const others = await amend(project, GRACE)

  const [, took = ''] = /passed in (\d+\.\d s)$/m.exec(first.stderr) ?? []
  expect(Number.parseFloat(took)).toBeGreaterThanOrEqual(1.1)
  const skipped = '^✓ unit_tests: skipped, passed .+ on main by'
  expect(own).toMatch(new RegExp(`${skipped} you, saved ${took}\n$`))
  expect(others).toMatch(new RegExp(`${skipped} ada, saved ${took}\n$`))
})

test('a pass that CI recorded counts, and is named', async () => {
  await using project = await openHookedProject({ '.taskvault/config.yaml': TASKS })
  await project.git(['add', '-A'])
  await project.taskvault(['run', 'unit_tests'], {
    env: { GITHUB_ACTIONS: 'true', GITHUB_ACTOR: 'ada', GITHUB_REF_NAME: 'main' },
  })

  const { stderr } = await project.commit('first', GRACE)

  expect(stderr).toMatch(/skipped, passed .+ on main by ada on github, saved/)
})

test('a pass that somebody else recorded comes from the remote store, where a policy lets it count', async () => {
  await using project = await openHookedProject({
    '.taskvault/config.yaml': `policies: { mine: { passes_of: me } }\n${TASKS}`,
  })
  const env = { TASKVAULT_REMOTE: `file://${project.beside('remote')}` }
  await project.commit('first', { env: { ...env, ...ADA.env } })
  const here = { env: { ...env, ...GRACE.env } }

  // Another machine, which knows nothing yet.
  project.rig.remove('.taskvault/cache')
  const explained = await project.taskvault(['hooks', 'run', 'pre-commit', '--explain'], here)
  const counted = await amend(project, here)
  project.rig.remove('.taskvault/cache')
  await project.git(['checkout', '-q', '-b', 'mine'])
  const refused = await amend(project, here)

  expect(explained.stdout).toMatch(/^unit_tests: skipped, passed .+ by ada, saved/)
  expect(counted).toMatch(/skipped, passed .+ on main by ada, saved/)
  expect(refused).toContain('✓ unit_tests: passed')
  expect(project.countRuns()).toBe(2)
})

test('where only passes in CI count, that of the remote store does beside an own one', async () => {
  await using project = await openHookedProject({
    '.taskvault/config.yaml': `policies: { machines: { passes_of: ci } }\n${TASKS}`,
  })
  const remote = { TASKVAULT_REMOTE: `file://${project.beside('remote')}` }
  await project.commit('first', GRACE)
  // A machine of CI, which knows nothing yet.
  await project.run(['mv', '.taskvault/cache', project.beside('cache')])
  await project.taskvault(['run', 'unit_tests'], {
    env: { ...remote, GITHUB_ACTIONS: 'true', GITHUB_REF_NAME: 'main' },
  })
  project.rig.remove('.taskvault/cache')
  await project.run(['mv', project.beside('cache'), '.taskvault/cache'])
  await project.git(['checkout', '-q', '-b', 'machines'])

  const alone = await amend(project, GRACE)
  const explained = await project.taskvault(['hooks', 'run', 'pre-commit', '--explain'], {
    env: remote,
  })
  const together = await amend(project, { env: { ...remote, ...GRACE.env } })

  expect(alone).toContain('(it passed before, and only passes in CI count here)')
  expect(explained.stdout).toMatch(/skipped, passed .+ on main .*on github/)
  expect(together).toMatch(/skipped, passed .+ on main .*on github/)
  expect(project.countRuns()).toBe(3)
})

test('require refuses, warn only says so, off does not run', async () => {
  await using project = await openHookedProject({
    '.taskvault/config.yaml': `policies:
  default: { pre_commit: require }
  feature/*: { pre_commit: warn }
  feature/quiet: { pre_commit: 'off' }
  lint: { pre_commit: warn }
tasks:
  lint: { command: 'exit 7', inputs: [test.sh], hooks: [pre-commit] }
  unit_tests: { command: sh test.sh, inputs: ['src/**', test.sh], hooks: [pre-commit, pre-push] }
`,
    'src/broken': '',
  })
  await addRemote(project)

  const onMain = await project.commit('on main')
  await project.git(['checkout', '-q', '-b', 'feature/loud'])
  const onFeature = await project.commit('on a feature')
  await project.git(['checkout', '-q', '-b', 'feature/quiet'])
  const runs = project.countRuns()
  project.write({ 'src/a.txt': 'B' })
  const onQuiet = await project.commit('on a quiet one')
  const pushed = await project.run(['git', 'push', '-q', 'origin', 'feature/quiet'])

  expect(onMain.exitCode).toBe(1)
  expect(onMain.stderr).toMatch(/! lint: failed with exit code 7 after .+; only a warning here/)
  expect(onMain.stderr).toMatch(/✗ unit_tests: failed/)
  expect(onFeature.exitCode).toBe(0)
  expect(onFeature.stderr).toMatch(/! unit_tests: failed/)
  expect(onQuiet.stderr).not.toContain('unit_tests')
  // What is off for commits is still required for pushes.
  expect(pushed.exitCode).toBe(1)
  expect(project.countRuns()).toBe(runs + 1)
})

test('a task that cannot be meant keeps git from going on only where its failure would', async () => {
  await using project = await openHookedProject({
    '.taskvault/config.yaml': `policies: { topic: { pre_commit: warn } }
tasks:
  unit_tests: { command: sh test.sh, inputs: ['nowhere/**'], hooks: [pre-commit] }
`,
  })

  const required = await project.commit('first')
  await project.git(['checkout', '-q', '-b', 'topic'])
  const warned = await project.commit('first')

  expect([required.exitCode, warned.exitCode]).toEqual([1, 0])
  expect(required.stderr).toContain('error: unit_tests: No file matches the input "nowhere/**"')
  expect(warned.stderr).toContain('warning: unit_tests: No file matches the input "nowhere/**"')
})

test('the exit status of a hook is that of the first required task that fails', async () => {
  await using project = await openHookedProject({
    '.taskvault/config.yaml': `policies: { first: { pre_commit: warn } }
tasks:
  first: { command: 'exit 3', inputs: [test.sh], hooks: [pre-commit] }
  second: { command: 'exit 4', inputs: [test.sh], hooks: [pre-commit] }
  third: { command: 'echo third >>"$RUNS"', inputs: [test.sh], hooks: [pre-commit] }
`,
  })
  await project.git(['add', '-A'])

  const { exitCode } = await project.run(['taskvault', 'hooks', 'run', 'pre-commit'])

  expect(exitCode).toBe(4)
  expect(project.rig.read('../runs')).toBe('')
})

test('in-place runs in the work tree as it is, and records nothing that was not tested', async () => {
  await using project = await openHookedProject({
    '.taskvault/config.yaml': `policies: { unit_tests: { unstaged: in-place } }\n${TASKS}`,
  })
  await project.git(['add', '-A'])
  project.write({ 'src/a.txt': 'not staged' })

  const first = await project.run(['git', 'commit', '-q', '-m', 'first'])
  await project.git(['checkout', '-q', '--', '.'])
  const second = await amend(project)
  const third = await amend(project)

  expect(first.stderr).toContain('unit_tests: in the work tree, because contents differ in src/a')
  expect(first.stderr).toContain('not recorded')
  expect(second).toContain('✓ unit_tests: passed')
  expect(third).toContain('skipped')
  expect(project.runs().map(({ directory }) => directory)).toEqual([
    project.rig.project,
    project.rig.project,
  ])
})

test('where only CI may write, a hook runs and records nothing', async () => {
  await using project = await openHookedProject({
    '.taskvault/config.yaml': `policies: { main: { write: ci } }\n${TASKS}`,
  })

  const first = await project.commit('first')
  await amend(project)
  await project.taskvault(['run', 'unit_tests'], {
    env: { CIRCLECI: 'true', CIRCLE_BRANCH: 'main' },
  })
  const after = await amend(project)

  expect(first.stderr).toContain(
    'not recorded: the policy lets this task, branch or fork only read',
  )
  expect(after).toContain('on circleci, saved')
  expect(project.countRuns()).toBe(3)
})

test('passes_of says whose passes count', async () => {
  await using project = await openHookedProject({
    '.taskvault/config.yaml': `policies:
  mine: { passes_of: me }
  machines: { passes_of: ci }
${TASKS}`,
  })
  await project.commit('first', ADA)
  const skips = async (branch: string, options = GRACE): Promise<boolean> => {
    await project.git(['checkout', '-q', '-B', branch])
    return (await amend(project, options)).includes('skipped')
  }

  const answers = [
    await skips('anyones'),
    await skips('mine', ADA),
    await skips('mine'),
    // Grace's own pass has taken the place of Ada's.
    await skips('mine'),
    await skips('machines'),
  ]

  expect(answers).toEqual([true, true, false, true, false])
})

test.each([
  ['recorded it', 'policies: { main: { ttl_seconds: 1 } }'],
  ['asks', 'policies: { release: { ttl_seconds: 1 } }'],
])('a pass is too old where the policy of the branch that %s says so', async (_, policies) => {
  await using project = await openHookedProject({
    '.taskvault/config.yaml': `${policies}\n${TASKS}`,
  })
  await project.commit('first')
  await project.run(['sleep', '1.1'])
  await project.git(['checkout', '-q', '-b', 'release'])

  expect(await amend(project)).toContain('(the entry has expired)')
  expect(project.countRuns()).toBe(2)
})

async function amend(project: HookedProject, options = {}): Promise<string> {
  const words = ['git', 'commit', '-q', '--amend', '--no-edit']
  return (await project.run(words, options)).stderr
}

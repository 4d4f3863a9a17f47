import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { addRemote } from '../rig/hook-project.ts'
import { openHookedProject } from '../rig/hooked-project.ts'

/* What a git hook tests: what is about to be committed or pushed, and nothing else. */

test('the tree that is tested is the tree that is committed, and it is never tested again', async () => {
  await using project = await openHookedProject()
  await addRemote(project)

  await project.commit('first')
  await project.git(['push', '-q', 'origin', 'main'])
  const run = await project.taskvault(['run', 'unit_tests'])

  expect(project.runs()).toEqual([
    { directory: project.rig.project, tree: await project.id('HEAD^{tree}') },
  ])
  expect(run.stderr).toContain('✓ unit_tests: nothing to restore')
})

test('a pre-push whose standard input is nobody’s tests HEAD', async () => {
  await using project = await openHookedProject()
  await project.commit('first')

  const pushed = await project.run(['sh', '-c', 'taskvault hooks run pre-push </dev/null'])
  const byGit = 'taskvault hooks run pre-push origin /remote </dev/null'
  const named = await project.run(['sh', '-c', byGit])

  expect(pushed.stderr).toMatch(/^✓ unit_tests: skipped, passed /)
  expect(named.stderr).toMatch(/^✓ unit_tests: skipped, passed /)
})

test.each([
  ['called by hand', 'pre-push'],
  ['called as git does', 'pre-push origin /remote'],
])('a pre-push %s whose standard input nobody closes says what it waits for', async (_, words) => {
  await using project = await openHookedProject()
  await project.commit('first')
  const untilSaid = 'touch said; until grep -q waiting said; do sleep 0.1; done'

  const waited = await project.run([
    'sh',
    '-c',
    `{ ${untilSaid}; } | taskvault hooks run ${words} 2>said; echo $?`,
  ])

  expect(waited.stdout).toBe('0\n')
  expect(project.rig.read('said')).toContain('with </dev/null, HEAD is tested')
})

test('what no task reads makes no task run', async () => {
  await using project = await openHookedProject()
  await project.commit('first')

  project.write({ 'README.md': 'hello' })
  const { stderr } = await project.commit('a README')

  expect(project.countRuns()).toBe(1)
  expect(stderr).toMatch(/^✓ unit_tests: skipped, passed .+ on main, saved .+\n$/)
})

test('what is staged in part is tested as it is staged, beside the work tree', async () => {
  await using project = await openHookedProject()
  await addRemote(project)
  await project.commit('first')
  project.write({ 'src/a.txt': 'staged' })
  await project.git(['add', 'src/a.txt'])
  project.write({ 'src/a.txt': 'not staged', 'src/new.txt': 'untracked' })
  const before = await project.git(['status', '--porcelain'])

  const committed = await project.run(['git', 'commit', '-q', '-m', 'in part'])
  await project.git(['push', '-q', 'origin', 'main'])

  const [, second] = project.runs()
  expect(committed.stderr).toContain(
    'unit_tests: in a snapshot, because contents differ in src/a.txt, src/new.txt\n',
  )
  expect(second?.directory).not.toBe(project.rig.project)
  expect(second?.tree).toBe(await project.id('HEAD^{tree}'))
  expect(project.countRuns()).toBe(2)
  expect(before.stdout).toBe('MM src/a.txt\n?? src/new.txt\n')
  expect((await project.git(['status', '--porcelain'])).stdout).toBe(
    ' M src/a.txt\n?? src/new.txt\n',
  )
})

test('a work tree that passes does not let pass what is staged', async () => {
  await using project = await openHookedProject()
  await project.commit('first')
  project.write({ 'src/broken': '' })
  await project.git(['add', 'src/broken'])
  project.rig.remove('src/broken')

  const refused = await project.run(['git', 'commit', '-q', '-m', 'broken'])

  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toMatch(
    /✗ unit_tests: failed with exit code 1 after .+; nothing is committed/,
  )
})

test('a work tree that fails does not keep from committing what passes', async () => {
  await using project = await openHookedProject()
  await project.commit('first')
  project.write({ 'src/a.txt': 'B' })
  await project.git(['add', 'src/a.txt'])
  project.write({ 'src/broken': '' })

  const committed = await project.run(['git', 'commit', '-q', '-m', 'fine'])

  expect(committed.exitCode).toBe(0)
})

test('changes that no task reads need no snapshot', async () => {
  await using project = await openHookedProject()
  await project.commit('first')
  project.write({ 'src/a.txt': 'B', 'README.md': 'not staged' })
  await project.git(['add', 'src/a.txt'])

  await project.run(['git', 'commit', '-q', '-m', 'in place'])

  expect(project.runs()[1]?.directory).toBe(project.rig.project)
})

test('a failure is never reused, nor is what passed on other content', async () => {
  await using project = await openHookedProject({
    '.taskvault/config.yaml': `policies: { default: { cache_failures: true } }
tasks:
  unit_tests: { command: sh test.sh, inputs: ['src/**', test.sh], hooks: [pre-commit] }
`,
  })
  project.write({ 'src/broken': '' })

  const refused = [await project.commit('broken'), await project.commit('broken')]
  // A run remembers that it failed, as the policy wants; a hook does not take its word.
  const run = await project.run(['taskvault', 'run', 'unit_tests'])
  refused.push(await project.commit('broken'))

  expect(refused.map(({ exitCode }) => exitCode)).toEqual([1, 1, 1])
  expect(run.exitCode).toBe(1)
  expect(project.countRuns()).toBe(4)
})

test.each([
  ['TASKVAULT_SKIP', '0'],
  ['TASKVAULT_FORCE', '1'],
])('%s=%s runs the task whatever is known', async (name, value) => {
  await using project = await openHookedProject()
  await project.commit('first')

  const amend = ['git', 'commit', '-q', '--amend', '--no-edit']
  await project.run(amend, { env: { [name]: value } })
  await project.run(amend)

  expect(project.countRuns()).toBe(2)
})

test('dependency folders that git ignores are there in a snapshot, and lead back into it', async () => {
  await using project = await openHookedProject({
    'test.sh': `set -eu
cat node_modules/library/index.js node_modules/@scope/own/index.txt packages/app/node_modules/tool
test ! -e dist && test -z "$(git status --porcelain -- node_modules)"
node_modules/.bin/own
`,
    '.gitignore': 'node_modules/\ndist/\n',
    'packages/own/index.txt': 'committed\n',
    'packages/own/run.sh':
      '#!/bin/sh\necho "own $(cat "$(dirname "$0")/../@scope/own/index.txt")"\n',
    'packages/app/readme': '',
    '.taskvault/config.yaml': `tasks:
  unit_tests: { command: sh test.sh, inputs: ['**'], hooks: [pre-commit] }
`,
  })
  project.write({
    'node_modules/library/index.js': 'library\n',
    'packages/app/node_modules/tool': 'tool\n',
    'dist/built.js': 'from what is not staged',
  })
  mkdirSync(project.rig.resolve('node_modules/@scope'))
  mkdirSync(project.rig.resolve('node_modules/.bin'))
  symlinkSync('../../packages/own', project.rig.resolve('node_modules/@scope/own'))
  symlinkSync('../../packages/own/run.sh', project.rig.resolve('node_modules/.bin/own'))
  await project.run(['chmod', '+x', 'packages/own/run.sh'])
  await project.git(['add', '-A'])
  project.write({ 'packages/own/index.txt': 'not staged\n' })

  const { stdout, stderr, exitCode } = await project.run(['git', 'commit', '-q', '-m', 'first'])

  expect(stderr).toContain('in a snapshot')
  expect(stdout + stderr).toContain('library\ncommitted\ntool\nown committed\n')
  expect(exitCode).toBe(0)
})

test('a project that is a directory of the repository is tested where it lies', async () => {
  const name = '.taskvault/config.yaml'
  await using project = await openHookedProject({
    [name]: 'tasks: {}\n',
    [`app/${name}`]: `tasks:
  unit_tests: { command: sh test.sh, inputs: ['src/**', test.sh], hooks: [pre-commit] }
`,
    'app/.taskvault/.gitignore': '/cache/\n/metrics/\n',
    'app/test.sh': 'echo "$(cat src/a.txt ../shared.txt) in $(basename "$PWD")" >>"$RUNS"\n',
    'app/src/a.txt': 'staged',
    'shared.txt': 'shared',
  })
  project.write({
    '.git/hooks/pre-commit': '#!/bin/sh\nexec taskvault -C app hooks run pre-commit\n',
  })
  await project.git(['add', '-A'])
  project.write({ 'app/src/a.txt': 'not staged', 'shared.txt': 'not staged' })

  const first = await project.run(['git', 'commit', '-q', '-m', 'first'])
  project.write({ 'shared.txt': 'an input of nobody' })
  const second = await project.commit('shared', {})

  expect(first.stderr).toContain('in a snapshot, because contents differ in src/a.txt\n')
  expect(project.rig.read('../runs').split('\n')).toEqual([
    'stagedshared in app',
    'not stagedan input of nobody in app',
    '',
  ])
  expect(second.exitCode).toBe(0)
})

test('outputs are saved from a snapshot, and the work tree is not written to', async () => {
  await using project = await openHookedProject({
    'test.sh': 'mkdir -p out && cp src/a.txt out/copy\n',
    '.gitignore': 'out/\n',
    '.taskvault/config.yaml': `tasks:
  unit_tests: { command: sh test.sh, inputs: ['src/**', test.sh], outputs: [out], hooks: [pre-commit] }
`,
  })
  await project.git(['add', '-A'])
  project.write({ 'src/a.txt': 'not staged' })

  await project.run(['git', 'commit', '-q', '-m', 'first'])
  const hasOutputs = project.rig.has('out')
  await project.git(['checkout', '-q', '--', '.'])
  const { stderr } = await project.taskvault(['run', 'unit_tests'])

  expect(hasOutputs).toBe(false)
  expect(stderr).toContain('restored 1 file')
  expect(project.rig.read('out/copy')).toBe('A')
})

test('a task that changes the index has what is committed tested, not what was', async () => {
  await using project = await openHookedProject({
    // A formatter that stages what it formats, as many a hook does.
    'test.sh': `echo "ran in $PWD $(cat src/a.txt)" >>"$RUNS"
tr a-z A-Z <src/a.txt >src/a.new && mv src/a.new src/a.txt && git add src/a.txt
`,
    'src/a.txt': 'small',
  })

  const { stderr, exitCode } = await project.commit('first')

  expect(exitCode).toBe(0)
  expect(stderr).toContain('what is about to be committed has changed meanwhile: testing again')
  expect((await project.git(['show', 'HEAD:src/a.txt'])).stdout).toBe('SMALL')
  expect(project.rig.read('../runs')).toMatch(/small\n.+SMALL\n$/)
})

test('a task that changes the index each time ends the hook', async () => {
  await using project = await openHookedProject({
    'test.sh': 'echo x >>src/a.txt; git add src/a.txt',
  })

  const { stderr, exitCode } = await project.commit('first')

  expect(exitCode).toBe(1)
  expect(stderr).toContain('What is about to be committed keeps changing')
})

test('an input that the task writes to is not recorded', async () => {
  await using project = await openHookedProject({
    'test.sh': 'echo "ran $PWD" >>"$RUNS"; date +%N >>src/log',
  })
  project.write({ 'src/log': '' })

  const first = await project.commit('first')
  const second = await project.run(['git', 'commit', '-q', '--amend', '--no-edit'])

  expect(first.stderr).toContain('warning: unit_tests: not recorded: inputs changed while it ran')
  expect(second.stderr).toContain('in a snapshot')
  expect(project.countRuns()).toBe(2)
})

test('without a vault the task runs, on what is about to be committed', async () => {
  await using project = await openHookedProject()
  await project.git(['add', '-A'])
  project.write({ 'src/a.txt': 'not staged' })
  writeFileSync(project.beside('file'), '')
  const env = { TASKVAULT_CACHE_DIR: project.beside('file/cache') }

  const { stderr, exitCode } = await project.run(['git', 'commit', '-q', '-m', 'first'], { env })

  expect(exitCode).toBe(0)
  expect(stderr).toContain('warning: pre-commit runs without the cache')
  expect(project.runs()[0]?.tree).toBe(await project.id('HEAD^{tree}'))
})

test('where no snapshot can be made, the task runs in the work tree and nothing is recorded', async () => {
  await using project = await openHookedProject()
  await project.commit('first')
  project.write({ 'src/a.txt': 'staged' })
  await project.git(['add', '-A'])
  project.write({ 'src/a.txt': 'not staged' })
  const env = { TMPDIR: project.beside('nowhere') }

  const { stderr, exitCode } = await project.run(['git', 'commit', '-q', '-m', 'second'], { env })

  expect(exitCode).toBe(0)
  expect(stderr).toContain('warning: no snapshot could be made: ')
  expect(stderr).toContain('not recorded')
  expect(project.runs()[1]?.directory).toBe(project.rig.project)
})

test('--explain and --json say what would be done, and do nothing', async () => {
  await using project = await openHookedProject()
  await project.commit('first')
  const skipped = await project.taskvault(['hooks', 'run', 'pre-commit', '--explain'])
  project.write({ 'src/a.txt': 'B' })
  await project.git(['add', '-A'])
  const log = readFileSync(project.rig.resolve('.taskvault/cache/audit.log'), 'utf8')

  const explained = await project.taskvault(['hooks', 'run', 'pre-commit', '--explain'])
  const data = await project.taskvault(['hooks', 'run', 'pre-commit', '--json'])

  expect(skipped.stdout).toMatch(/^unit_tests: skipped, passed /)
  expect(skipped.stderr).toBe('')
  expect(explained.stdout).toBe('unit_tests: would run (changed: src/a.txt)\n')
  expect(JSON.parse(data.stdout)).toMatchObject({
    hook: 'pre-commit',
    tasks: [{ task: 'unit_tests', mode: 'require', branch: 'main', decision: 'would-run' }],
  })
  expect(project.countRuns()).toBe(1)
  expect(readFileSync(project.rig.resolve('.taskvault/cache/audit.log'), 'utf8')).toBe(log)
})

test('a hook without tasks lets git go on, and a hook that is none is refused', async () => {
  await using project = await openHookedProject({ '.taskvault/config.yaml': 'tasks: {}\n' })

  const committed = await project.commit('first')
  const explained = await project.taskvault(['hooks', 'run', 'pre-commit', '--explain'])
  const refused = await project.run(['taskvault', 'hooks', 'run', 'post-merge'])

  expect(committed).toMatchObject({
    exitCode: 0,
    stderr: 'taskvault: nothing to do in pre-commit\n',
  })
  expect(explained).toMatchObject({ stdout: 'nothing to do in pre-commit\n', stderr: '' })
  expect(refused.exitCode).toBe(64)
})

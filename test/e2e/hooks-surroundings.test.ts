import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openHookedProject } from '../rig/hooked-project.ts'

/* What is around a hook: git's variables, other gits, other hooks, and signals. */

test('a task sees none of the variables by which git speaks to its hooks', async () => {
  await using project = await openHookedProject({
    // A git in a directory of its own is what GIT_DIR and GIT_INDEX_FILE would lead astray.
    'test.sh': `set -eu
env | grep -E '^GIT_|^PATH=' | LC_ALL=C sort >"$RUNS"
dir=$(mktemp -d) && cd "$dir" && git init -q . && echo x >x && git add x && git commit -q -m x
git rev-parse --show-toplevel | grep -qF "$dir" && rm -rf "$dir"
`,
  })
  const plain = await project.run(['sh', '-c', "env | grep -E '^GIT_|^PATH=' | LC_ALL=C sort"])

  await project.git(['add', '-A'])
  const index = await project.git(['ls-files'])

  // For these, git has the index somewhere else than usual.
  const all = await project.run(['git', 'commit', '-q', '-a', '-m', 'all'])
  project.write({ 'src/a.txt': 'B' })
  const one = await project.run(['git', 'commit', '-q', '-m', 'one', 'src/a.txt'])

  expect([all.exitCode, one.exitCode]).toEqual([0, 0])
  expect(project.rig.read('../runs')).toBe(plain.stdout)
  expect((await project.git(['ls-tree', '-r', '--name-only', 'HEAD'])).stdout).toBe(index.stdout)
})

test('a variable that a task declares has the value that it has without git', async () => {
  await using project = await openHookedProject({
    '.taskvault/config.yaml': `tasks:
  unit_tests:
    { command: sh test.sh, inputs: [test.sh], env: [PATH, GIT_AUTHOR_NAME], hooks: [pre-commit] }
`,
  })

  await project.commit('first')
  const { stderr } = await project.taskvault(['run', 'unit_tests'])

  expect(stderr).toContain('nothing to restore')
})

test('a git that holds the lock of the index does not keep a hook from answering', async () => {
  await using project = await openHookedProject()
  await project.commit('first')
  project.write({ 'src/a.txt': 'staged' })
  await project.git(['add', '-A'])
  project.write({ 'src/a.txt': 'not staged' })
  const lock = project.rig.resolve('.git/index.lock')
  writeFileSync(lock, '')

  const ran = await project.taskvault(['hooks', 'run', 'pre-commit'])
  const skipped = await project.taskvault(['hooks', 'run', 'pre-commit'])

  expect(ran.stderr).toContain('in a snapshot')
  expect(skipped.stderr).toContain('skipped')
  expect(existsSync(lock)).toBe(true)
})

test('two commits in two work trees at once are each tested as they are, the same content once', async () => {
  await using project = await openHookedProject({ 'test.sh': SLOW_TEST })
  await project.commit('first')
  for (const name of ['one', 'two', 'three']) {
    await project.git(['worktree', 'add', '-q', '-b', name, `../${name}`])
    project.write({ [`../${name}/src/a.txt`]: name === 'three' ? 'another' : 'the same' })
    await project.git(['add', '-A'], { directory: `../${name}` })
    // Nobody's work tree is what is staged.
    project.write({ [`../${name}/src/a.txt`]: 'not staged' })
  }
  // One store for all of them, as for everybody on a machine.
  const env = { TASKVAULT_CACHE_DIR: project.beside('shared') }

  const commits = await Promise.all(
    ['one', 'two', 'three'].map((directory) =>
      project.run(['git', 'commit', '-q', '-m', 'x'], { env, directory: `../${directory}` }),
    ),
  )

  expect(commits.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
  const [, ...runs] = project.runs()
  expect(runs.map(({ tree }) => tree).toSorted()).toEqual(
    [await project.id('one^{tree}'), await project.id('three^{tree}')].toSorted(),
  )
  expect(await project.id('two^{tree}')).toBe(await project.id('one^{tree}'))
})

test('Ctrl-C ends the task and the hook, records nothing and leaves nothing', async () => {
  await using project = await openHookedProject({
    'test.sh': 'echo "ran $PWD" >>"$RUNS"; exec sleep 9',
  })
  await project.git(['add', '-A'])
  project.write({ 'src/a.txt': 'not staged' })
  const temporary = project.beside('temporary')
  mkdirSync(temporary)
  const running = project.rig.start(['git', 'commit', '-q', '-m', 'x'], {
    env: { RUNS: project.beside('runs'), TMPDIR: temporary },
  })
  while (project.countRuns() === 0) await new Promise((resolve) => setTimeout(resolve, 20))

  // As a terminal does: to every process of the group.
  process.kill(-running.pid, 'SIGINT')
  const { exitCode } = await running.finished

  expect(exitCode).not.toBe(0)
  expect(readdirSync(temporary)).toEqual([])
  expect((await project.taskvault(['cache', 'ls', '--json'])).stdout).not.toContain('unit_tests')
})

test('the snapshot of a hook that was killed is removed by the next one', async () => {
  await using project = await openHookedProject({
    'test.sh': 'echo "ran $(pwd -P)" >>"$RUNS"; test -e src/quick || exec sleep 9',
  })
  await project.git(['add', '-A'])
  project.write({ 'src/a.txt': 'not staged' })
  const running = project.rig.start(['git', 'commit', '-q', '-m', 'x'], {
    env: { RUNS: project.beside('runs') },
  })
  while (project.countRuns() === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  process.kill(-running.pid, 'SIGKILL')
  await running.finished
  const [directory = ''] = project.rig.read('../runs').slice('ran '.length).split('\n')
  const wasLeft = existsSync(directory)

  project.write({ 'src/quick': '' })
  await project.commit('next')

  expect(wasLeft).toBe(true)
  expect(existsSync(directory)).toBe(false)
})

const SLOW_TEST = `set -eu
export GIT_INDEX_FILE="$PWD/.git-index-$$"
git add -A -- . ":(exclude).git-index-$$*"
tree=$(git write-tree)
rm -f "$GIT_INDEX_FILE"
sleep 0.5
echo "$(pwd -P) $tree" >>"$RUNS"
`

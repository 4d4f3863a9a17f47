import { chmodSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { openHookProject } from '../rig/hook-project.ts'
import { openRig } from '../rig/rig.ts'
import type { Rig } from '../rig/rig.ts'

/*
 * What the product's documents show works to the letter: the files in fixtures/product are copied
 * from them, and must not be adapted.
 */

const SCRIPT_CALL = ['./cicd-test.sh', 'unit_tests', 'package.json', 'test-results.txt']

test('the bash wrapper runs the tests once, and restores their output after that', async () => {
  await using rig = await openWrapperRig('echo "12 passing"')

  const first = await rig.run(SCRIPT_CALL)
  const results = rig.read('test-results.txt')
  rig.remove('test-results.txt')
  const second = await rig.run(SCRIPT_CALL)

  expect(first).toMatchObject({ exitCode: 0, stderr: '' })
  expect(first.stdout).toMatch(
    /^✓ Cached unit_tests \(hash: [0-9a-f]{8}\.\.\., size: 11 bytes\)\n$/,
  )
  expect(second).toMatchObject({ exitCode: 0, stderr: '' })
  expect(second.stdout).toBe(
    '✓ Cache hit for unit_tests (size: 11 bytes)\n✓ Tests passed (from cache)\n',
  )
  expect(rig.read('test-results.txt')).toBe(results)
  expect(countCalls(rig)).toBe(1)
})

test('the bash wrapper runs the tests again when their input has changed', async () => {
  await using rig = await openWrapperRig('echo "12 passing"')

  await rig.run(SCRIPT_CALL)
  rig.write('package.json', '{"version":"2.0.0"}')
  const second = await rig.run(SCRIPT_CALL)

  expect(second.stdout).toMatch(/^✓ Cached unit_tests /)
  expect(countCalls(rig)).toBe(2)
})

test('the bash wrapper passes a failure on and remembers nothing of it', async () => {
  await using rig = await openWrapperRig('echo "1 failing"; exit 3')

  const first = await rig.run(SCRIPT_CALL)
  const second = await rig.run(SCRIPT_CALL)

  expect([first.exitCode, second.exitCode]).toEqual([1, 1])
  expect(countCalls(rig)).toBe(2)
})

test('the configuration chapter is accepted, and decides', async () => {
  await using rig = openRig({ '.taskvault/config.yaml': fixture('config.yaml') })

  const validated = await rig.taskvault(['config', 'validate'])
  const explained = await rig.taskvault(['policy', 'explain', 'ml_training', '--json'])

  expect(validated).toMatchObject({ exitCode: 0, stderr: '' })
  expect(explained.stdout).toMatch(/2592000/)
  expect(explained.stdout).toMatch(/5368709120/)
})

test('init writes the configuration of the quick start', async () => {
  await using rig = openRig()

  const { exitCode } = await rig.taskvault(['init'])

  expect(exitCode).toBe(0)
  expect(rig.read('.taskvault/config.yaml')).toBe(fixture('initial-config.yaml'))
})

test('the policies of branches are accepted, and decide', async () => {
  await using rig = openRig({ '.taskvault/config.yaml': fixture('branch-policies.yaml') })
  const ttl = async (branch: string): Promise<unknown> => {
    const words = ['policy', 'explain', 'unit_tests', '--branch', branch, '--json']
    return JSON.parse((await rig.taskvault(words)).stdout).fields.ttl_seconds.value
  }

  const ttls = [await ttl('main'), await ttl('develop'), await ttl('feature/x'), await ttl('other')]

  expect(ttls).toEqual([604_800, 86_400, 3600, 'never'])
})

test('the pre-commit hook runs the tests once for what is committed, and restores their output', async () => {
  await using project = await openHookProject({ 'a.txt': 'A' })
  const { rig } = project
  rig.addCommand('npm', 'echo "$*" >> ../npm-calls\necho "12 passing"')
  rig.write('.git/hooks/pre-commit', fixture('pre-commit.sh'))
  chmodSync(rig.resolve('.git/hooks/pre-commit'), 0o755)
  await project.git(['add', 'a.txt'])

  const first = await project.run(['git', 'commit', '-q', '-m', 'first'])
  const results = rig.read('results.json')
  rig.remove('results.json')
  await project.git(['reset', '-q', '--soft', 'HEAD'])
  await project.git(['update-ref', '-d', 'HEAD'])
  const second = await project.run(['git', 'commit', '-q', '-m', 'again'])
  rig.write('b.txt', 'B')
  await project.git(['add', 'b.txt'])
  const third = await project.run(['git', 'commit', '-q', '-m', 'something else'])

  expect([first.exitCode, second.exitCode, third.exitCode]).toEqual([0, 0, 0])
  expect(second.stderr + second.stdout).toContain('✓ Tests passed (cached)')
  expect(rig.read('results.json')).toBe(results)
  expect(countCalls(rig)).toBe(2)
})

/** A project with the wrapper, the command beside it, and an `npm` that counts its calls. */
async function openWrapperRig(npmTest: string): Promise<Rig> {
  const rig = openRig({
    'package.json': '{"version":"1.0.0"}',
    'cicd-test.sh': fixture('cicd-test.sh'),
  })
  chmodSync(rig.resolve('cicd-test.sh'), 0o755)
  await rig.run(['sh', '-c', 'ln -s "$(command -v taskvault)" taskvault'])
  rig.addCommand('npm', `echo "$*" >> ../npm-calls\n${npmTest}`)
  return rig
}

function countCalls(rig: Rig): number {
  return rig.read('../npm-calls').trim().split('\n').length
}

function fixture(name: string): string {
  return readFileSync(path.join(import.meta.dirname, '../fixtures/product', name), 'utf8')
}

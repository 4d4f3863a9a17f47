import { expect, test } from 'vitest'
import { parseHookCall } from './hook-call.ts'

const place = { cwd: () => '/work', env: {} }

test.each<[string[], string, string]>([
  [['hooks', 'run', 'pre-commit'], 'pre-commit', '/work'],
  [['-C', 'web', 'hooks', 'run', 'pre-merge-commit'], 'pre-merge-commit', '/work/web'],
  [['-C', '/else', 'hooks', 'run', 'pre-push', 'origin', 'git@host:x.git'], 'pre-push', '/else'],
])('%j is a call by git', (words, hook, cwd) => {
  expect(parseHookCall(words, place)).toEqual({ hook, cwd })
})

test.each([
  [['hooks', 'run', 'post-commit']],
  [['hooks', 'run', 'pre-commit', '--explain']],
  [['hooks', 'run', '--force', 'pre-commit']],
  [['--json', 'hooks', 'run', 'pre-commit']],
  [['hooks', 'install']],
  [['hooks', 'run', 'pre-push']],
  [['run', 'hooks', 'run', 'pre-commit']],
  [['-C']],
  [[]],
])('%j is for the command as a whole', (words) => {
  expect(parseHookCall(words, place)).toBeUndefined()
})

test('a variable can name the directory, and the option overrules it', () => {
  const named = { ...place, env: { TASKVAULT_CWD: 'web' } }

  expect(parseHookCall(['hooks', 'run', 'pre-commit'], named)?.cwd).toBe('/work/web')
  expect(parseHookCall(['-C', 'api', 'hooks', 'run', 'pre-commit'], named)?.cwd).toBe('/work/api')
})

test('in a directory that was deleted there is nothing to call', () => {
  const gone = {
    env: {},
    cwd: () => {
      throw new Error('ENOENT')
    },
  }

  expect(parseHookCall(['hooks', 'run', 'pre-commit'], gone)).toBeUndefined()
})

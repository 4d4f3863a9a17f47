import { expect, test } from 'vitest'
import type { Settings } from '../../config/settings.ts'
import { parseTaskName } from '../../model/task.ts'
import { createKeyableWork, createTaskWork } from './task-work.ts'
import type { TaskAdditions } from './task-work.ts'

const NOTHING: TaskAdditions = {
  inputs: [],
  outputs: [],
  env: [],
  tools: [],
  salt: undefined,
  command: undefined,
}
const TASKS: Settings['tasks'] = {
  unit_tests: {
    command: 'npm test',
    inputs: ['src/**'],
    outputs: ['coverage'],
    env: ['CI'],
    tools: ['node -v'],
    salt: '1',
  },
  bare: { inputs: [], outputs: [], env: [], tools: [] },
}

test('options add to what is configured', () => {
  const additions = {
    ...NOTHING,
    inputs: ['!src/x'],
    outputs: ['report'],
    env: ['MODE'],
    tools: ['npm -v'],
    salt: '2',
  }

  const { definition, command, directory } = create('unit_tests', additions)

  expect(definition).toEqual({
    inputs: ['src/**', '!src/x'],
    outputs: ['coverage', 'report'],
    env: ['CI', 'MODE'],
    tools: ['node -v', 'npm -v'],
    salt: '2',
  })
  expect([command, directory]).toEqual(['npm test', '/p'])
})

test('a command that is given goes before the configured one, and runs where it was given', () => {
  const work = create('unit_tests', {
    ...NOTHING,
    command: { line: ['make'], directory: '/p/sub' },
  })

  expect([work.command, work.directory]).toEqual([['make'], '/p/sub'])
})

test('a task that selects no inputs reads all of the project', () => {
  const command = { line: ['make'], directory: '/p' }

  expect(create('bare', { ...NOTHING, command }).definition.inputs).toEqual(['?**'])
  expect(
    create('unknown', { ...NOTHING, command, inputs: ['!docs/**'] }).definition.inputs,
  ).toEqual(['?**', '!docs/**'])
})

test.each(['bare', 'unknown', 'unit_test', 'toString'])(
  '%s without a command is an error',
  (task) => {
    expect(() => create(task, NOTHING)).toThrow(expect.objectContaining({ code: 'TASK_UNKNOWN' }))
  },
)

test('a task that is not declared is answered with those that are', () => {
  expect(() => create('deploy', NOTHING)).toThrow(
    expect.objectContaining({
      hint: expect.stringContaining('Declared are: unit_tests, bare.') as string,
    }),
  )
  expect(() => create('unit_test', NOTHING)).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('mean unit_tests?') as string }),
  )
})

test('a task that no configuration could declare is answered with where one was looked for', () => {
  const settings = { ...createSettings(), tasks: {} }
  const task = parseTaskName('deploy')

  expect(() => createTaskWork(task, { settings, env: {}, additions: NOTHING })).toThrow(
    expect.objectContaining({
      hint: expect.stringContaining('No .taskvault/config.yaml') as string,
    }),
  )
})

test('outputs that are patterns are told from those that are paths', () => {
  const outputs = ['packages/*/dist', 'lib', '!lib/cache']

  expect(create('unit_tests', { ...NOTHING, outputs }).definition).toMatchObject({
    outputs: ['coverage'],
    outputPatterns: outputs,
  })
})

test.each([['../*/dist'], ['**'], ['packages/*/{dist']])(
  'the output %s is refused, as it cannot be meant',
  (output) => {
    expect(() => create('unit_tests', { ...NOTHING, outputs: [output] })).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
    )
  },
)

test('an output may have brackets in its name, as routes have, and a cache may have patterns', () => {
  const outputs = ['out/[id]', 'out/{a}?']

  expect(create('unit_tests', { ...NOTHING, outputs }).definition.outputs).toEqual([
    'coverage',
    ...outputs,
  ])
  expect(
    createKeyableWork(parseTaskName('deps'), {
      settings: createSettings(),
      env: {},
      additions: { ...NOTHING, isCache: true, outputs: ['packages/*/node_modules'] },
    }).definition.outputs,
  ).toEqual(['packages/*/node_modules'])
})

test.each([[''], ['  '], [[]], [['', 'x']]])(
  'a command that is %j is refused, as a variable that nobody set makes one',
  (line) => {
    expect(() => create('unit_tests', { ...NOTHING, command: { line, directory: '/p' } })).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
    )
  },
)

function create(task: string, additions: TaskAdditions): ReturnType<typeof createTaskWork> {
  return createTaskWork(parseTaskName(task), { settings: createSettings(), env: {}, additions })
}

function createSettings(): Settings {
  return {
    projectRoot: '/p',
    configPath: undefined,
    cacheDirectory: '/p/.taskvault/cache',
    maxSizeBytes: 1,
    hashAlgorithm: 'blake3',
    logLevel: 'info',
    servicePort: 1,
    policies: {},
    branches: {},
    tasks: TASKS,
    secrets: [],
  }
}

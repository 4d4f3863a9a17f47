import { describe, expect, test } from 'vitest'
import { whyWithout } from '../adapters/gitlab/debian-tools.ts'
import { openGitLab } from '../rig/gitlab.ts'
import type { GitLab } from '../rig/gitlab.ts'

const noRsync = whyWithout('rsync')
const whyNot = noRsync === undefined ? '' : ` (${noRsync})`

describe.skipIf(noRsync !== undefined)(`pipelines on GitLab${whyNot}`, () => {
  test('run once what is the same, whichever way it is included; failures arrive, and run again', async () => {
    await using gitlab = await openGitLab({
      'src/a.txt': '1',
      '.taskvault/config.yaml': `tasks:\n  declared:\n    command: echo ran >> "$LOGS/declared"\n    inputs: [src]\n`,
    })
    const file = everyWay(gitlab)
    const variables = { LOGS: gitlab.logPath('.') }

    const first = await gitlab.pipeline(file, variables)
    const second = await gitlab.pipeline(file, variables)

    expect(first.exitCode).toBe(1)
    expect(first.output).toMatch(/failing.*FAIL 3/)
    expect(second.output).toMatch(/failing.*FAIL 3/)
    expect(second.output).toMatch(/component.*✓ component: restored 1 file/)
    expect(counts(gitlab)).toEqual({
      component: 1,
      declared: 1,
      failing: 2,
      extended: 1,
      referenced: 1,
      one: 1,
      two: 1,
      later: 1,
      'by-file': 1,
    })
    expect(keyOf(second.output, 'component')).toBe(keyOf(first.output, 'component'))
  })

  test.each([
    ['1.2.3', true],
    ['not-a-version', false],
  ])(
    'of the published project try the component, and with the tag %j publish it: %s',
    async (tag, publishes) => {
      await using gitlab = await openGitLab({})
      const variables = { TASKVAULT_JOB_CLI: gitlab.cli, CI_COMMIT_TAG: tag }

      const { exitCode, output } = await gitlab.pipeline(
        gitlab.rig.read('.gitlab-ci.yml'),
        variables,
      )

      expect(exitCode, output).toBe(0)
      expect(output).toContain('✓ check: saved 1 file')
      expect(output.includes(`Publishing ${tag}`)).toBe(publishes)
    },
  )

  test.each([
    ['from a fork writes nothing', '99', 2],
    ['of the project itself does', '10', 1],
  ])('a merge request %s', async (_, sourceProject, runs) => {
    await using gitlab = await openGitLab({ 'src/a.txt': '1' })
    const command = `echo ran >> ${gitlab.logPath('unit')}`
    const file = [
      ...include(gitlab, 'first-', { task: 'unit', stage: 'build', inputs: 'src', command }),
      ...include(gitlab, 'second-', { task: 'unit', stage: 'test', inputs: 'src', command }),
    ]

    const pipeline = await gitlab.pipeline(`include:\n${file.join('')}`, {
      GITLAB_CI: 'true',
      CI_PIPELINE_SOURCE: 'merge_request_event',
      CI_MERGE_REQUEST_IID: '7',
      CI_PROJECT_ID: '10',
      CI_MERGE_REQUEST_PROJECT_ID: '10',
      CI_MERGE_REQUEST_SOURCE_PROJECT_ID: sourceProject,
    })

    expect(pipeline.exitCode, pipeline.output).toBe(0)
    expect(gitlab.log('unit')).toHaveLength(runs)
  })

  test('find their results again in GitLab’s own cache, with nothing set up', async () => {
    await using gitlab = await openGitLab({ 'src/a.txt': '1' })
    const inputs = { task: 'unit', inputs: 'src', command: `echo ran >> ${gitlab.logPath('unit')}` }
    const given = JSON.stringify({ ...inputs, cli: gitlab.cli })
    const file = `include:\n  - ${placeOf('run', 'component')}\n    inputs: ${given}\n`

    await gitlab.pipeline(file)
    const second = await gitlab.pipeline(file)

    expect(second.output).toContain('✓ unit: nothing to restore')
    expect(gitlab.log('unit')).toHaveLength(1)
  })

  test('find the results of a task that runs in a directory, too', async () => {
    await using gitlab = await openGitLab({ 'packages/web/src/a.txt': '1' })
    const command = `echo ran >> ${gitlab.logPath('web')}`
    const inputs = { task: 'web', inputs: 'src', command, directory: 'packages/web' }
    const given = JSON.stringify({ ...inputs, cli: gitlab.cli })
    const file = `include:\n  - ${placeOf('run', 'component')}\n    inputs: ${given}\n`

    await gitlab.pipeline(file)
    const second = await gitlab.pipeline(file)

    expect(second.output).toContain('✓ web: nothing to restore')
    expect(gitlab.log('web')).toHaveLength(1)
  })

  test('keep a cache outside of the project, and start from another one', async () => {
    await using gitlab = await openGitLab({ lock: '1' })
    const kept = gitlab.logPath('kept')
    const log = gitlab.logPath('installs')
    const fileBy = (way: Way): string => `${cacheJob(gitlab, kept, { way })}
install:
  extends: .taskvault-cache
  script:
    - test -e "${kept}/package" && echo "found $(cat "${kept}/package")" >> ${log} || echo none >> ${log}
    - mkdir -p "${kept}" && cat lock > "${kept}/package"
`
    await gitlab.pipeline(fileBy('component'))
    await gitlab.rig.run(['rm', '-rf', kept])
    const hit = await gitlab.pipeline(fileBy('local'))
    await gitlab.rig.run(['rm', '-rf', kept])
    gitlab.rig.write('lock', '2')
    const partial = await gitlab.pipeline(fileBy('component'))

    expect(gitlab.log('installs')).toEqual(['none', 'found 1', 'found 1'])
    expect(hit.output).toContain('nothing to save: it was restored')
    expect(partial.output).toContain('starting from npm')
    expect(partial.output).toMatch(/npm: saved 1 file/)
  })

  test('do what policy and when say', async () => {
    await using gitlab = await openGitLab({ 'src/a.txt': '1', lock: '1' })
    const [kept, log] = [gitlab.logPath('kept'), gitlab.logPath('cache-log')]
    const tasks = ['pull', 'push', 'pull-push'].flatMap((policy) => {
      const command = `echo ran >> ${gitlab.logPath(policy)}`
      return include(gitlab, '', { task: policy, policy, inputs: 'src', command })
    })
    const file = `${cacheJob(gitlab, kept, { when: 'always' })}${tasks.join('')}
failing:
  extends: .taskvault-cache
  script:
    - if test -e ${kept}/a; then echo found >> ${log}; else echo none >> ${log}; fi
    - mkdir -p ${kept} && echo x > ${kept}/a
    - exit 1
`
    await gitlab.pipeline(file)
    await gitlab.rig.run(['rm', '-rf', kept])
    await gitlab.pipeline(file)

    expect(gitlab.log('cache-log')).toEqual(['none', 'found'])
    expect(['pull', 'push', 'pull-push'].map((name) => gitlab.log(name).length)).toEqual([2, 2, 1])
  })

  test.each([
    ['no task', { command: 'true' }, /task/],
    [
      'an unknown policy',
      { task: 'unit', policy: 'sometimes' },
      /policy.*sometimes|sometimes.*policy/s,
    ],
    ['a list for a text', { task: 'unit', inputs: ['src'] }, /inputs/],
  ])('are refused before anything runs with %s', async (_, inputs, message) => {
    await using gitlab = await openGitLab({})

    const { task: name = '', ...rest } = inputs as Record<string, unknown>
    const given = { ...(name === '' ? {} : { task: name }), ...rest }
    const refused = await gitlab.pipeline(`include:\n${include(gitlab, '', given).join('')}`)

    expect(refused.exitCode).not.toBe(0)
    expect(refused.output).toMatch(message)
    expect(refused.output).not.toContain('starting shell')
  })
})

/** By component and by local file, alone, extended, referenced, and in a matrix. */
function everyWay(gitlab: GitLab): string {
  const log = (name: string): string => `echo ran >> ${gitlab.logPath(name)}`
  const component = `${log('component')}; echo made > out.txt`
  return `include:
${include(gitlab, '', { task: 'component', inputs: 'src', outputs: 'out.txt', command: component }, 'component').join('')}${[
    ...include(gitlab, '', { task: 'declared' }),
    ...include(gitlab, '', {
      task: 'failing',
      inputs: 'src',
      command: `${log('failing')}; exit 3`,
    }),
    ...include(gitlab, '', {
      task: 'matrix',
      inputs: 'src',
      env: 'VARIANT',
      command: `echo ran >> "${gitlab.logPath('.')}/$VARIANT"`,
    }),
  ].join('')}  - local: /jobs.yml
  - component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/setup@$CI_COMMIT_SHA
    inputs: ${JSON.stringify(common(gitlab))}
  - local: /templates/setup/template.yml
    inputs: ${JSON.stringify({ ...common(gitlab), 'job-name': '.by-file' })}
matrix:
  parallel:
    matrix: [{ VARIANT: [one, two] }]
extended:
  extends: .taskvault-run
  variables:
    TASKVAULT_JOB_CLI: ${gitlab.cli}
    TASKVAULT_CACHE_DIR: ${gitlab.cacheDirectory}
    TASKVAULT_JOB_TASK: extended
    TASKVAULT_JOB_INPUTS: src
    TASKVAULT_JOB_COMMAND: ${log('extended')}
referenced:
  extends: .taskvault
  before_script:
    - !reference [.taskvault, before_script]
  script:
    - taskvault run referenced --input src --command '${log('referenced')}'
    - taskvault run later --input src --command '${log('later')}'
by-file:
  extends: .by-file
  script: [taskvault run by-file --input src --command '${log('by-file')}']
`
}

type Way = 'local' | 'component'

function include(
  gitlab: GitLab,
  prefix: string,
  inputs: Readonly<Record<string, unknown>>,
  way: Way = 'local',
): readonly string[] {
  const given = { 'job-prefix': prefix, ...common(gitlab), ...inputs }
  return [`  - ${placeOf('run', way)}\n    inputs: ${JSON.stringify(given)}\n`]
}

function cacheJob(
  gitlab: GitLab,
  kept: string,
  { way = 'local', ...more }: { readonly way?: Way; readonly when?: string },
): string {
  const inputs = { key: 'npm', 'key-files': 'lock', paths: kept, 'fallback-keys': 'npm', ...more }
  const given = JSON.stringify({ ...common(gitlab), ...inputs })
  return `include:\n  - ${placeOf('cache', way)}\n    inputs: ${given}\n`
}

function placeOf(name: string, way: Way): string {
  return way === 'local'
    ? `local: /templates/${name}/template.yml`
    : `component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/${name}@$CI_COMMIT_SHA`
}

function common({ cli, cacheDirectory }: GitLab): Readonly<Record<string, unknown>> {
  return { cli, 'cache-dir': cacheDirectory, 'runner-cache': [] }
}

function counts(gitlab: GitLab): Readonly<Record<string, number>> {
  const names = [
    'component',
    'declared',
    'failing',
    'extended',
    'referenced',
    'one',
    'two',
    'later',
    'by-file',
  ]
  return Object.fromEntries(names.map((name) => [name, gitlab.log(name).length]))
}

function keyOf(output: string, job: string): string | undefined {
  return new RegExp(`${job}.*: key ([0-9a-f]{64})`).exec(output)?.[1]
}

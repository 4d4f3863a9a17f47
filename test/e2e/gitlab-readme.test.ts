import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { whyWithout } from '../adapters/gitlab/debian-tools.ts'
import { openGitLab } from '../rig/gitlab.ts'
import type { GitLab } from '../rig/gitlab.ts'
import { readSnippets } from '../rig/read-snippets.ts'

const README = path.resolve(import.meta.dirname, '../../gitlab-templates/README.md')
const examples = readSnippets(readFileSync(README, 'utf8'))
  .filter(({ language }) => language === 'yaml')
  .map(({ text }) => asOurProject(text))
const [complete = '', ...others] = examples
const usesHiddenJobs = (example: string): boolean => example.includes('/jobs.yml')

const noRsync = whyWithout('rsync')
const whyNot = noRsync === undefined ? '' : ` (${noRsync})`

describe.skipIf(noRsync !== undefined)(`the page about GitLab${whyNot}`, () => {
  test('shows a complete pipeline that runs its tests once', async () => {
    await using gitlab = await openProject()

    const first = await gitlab.pipeline(complete, variables(gitlab))
    await gitlab.rig.run(['sh', '-c', 'rm -r ~/.npm'])
    const second = await gitlab.pipeline(complete, variables(gitlab))

    expect([first.exitCode, second.exitCode], first.output + second.output).toEqual([0, 0])
    expect(gitlab.log('npm')).toEqual(['ci --prefer-offline', 'test', 'ci --prefer-offline'])
    expect(second.output).toMatch(/✓ npm: restored \d+ file/)
    // As the page shows it.
    expect(second.output).toMatch(
      /✓ unit_tests: restored 1 file in .*, saved .* \(passed .* on main\)/,
    )
    expect(second.output).toMatch(/\w+: key [0-9a-f]{64}/)
  })

  test.each([
    [
      'components',
      others.filter((example) => !usesHiddenJobs(example)),
      ['lint', 'browser_tests', 'build', 'bundle', 'checks', 'fresh release_build'],
    ],
    ['hidden jobs', others.filter(usesHiddenJobs), ['lint', 'format']],
  ])('shows pipelines of %s that run', async (_, shown, jobs) => {
    await using gitlab = await openProject()
    shown.forEach((example, index) => gitlab.rig.write(`example-${index}.yml`, example))
    const includes = shown.map((_example, index) => `  - local: /example-${index}.yml\n`)

    const { exitCode, output } = await gitlab.pipeline(
      `include:\n${includes.join('')}`,
      variables(gitlab),
    )

    expect(exitCode, output).toBe(0)
    for (const job of jobs) expect(output).toMatch(new RegExp(`PASS  ${job}\\b`))
  })

  test('has no example that is not tried here', () => {
    expect(others.length).toBe(7)
    expect(others.filter(usesHiddenJobs)).toHaveLength(1)
  })
})

/** The published project is the project itself here, as no other one can be reached. */
function asOurProject(example: string): string {
  return example
    .replaceAll(/taskvault\/gitlab-templates\/(\w+)@\S+/g, '$CI_PROJECT_PATH/$1@$CI_COMMIT_SHA')
    .replace(/- project: taskvault\/gitlab-templates\n +ref: .*\n +file: (\S+)/, '- local: $1')
}

async function openProject(): Promise<GitLab> {
  const gitlab = await openGitLab({
    'package.json': '{}',
    'package-lock.json': '{}',
    'packages/a/package.json': '{}',
    'src/a.js': '1',
    'test/a.js': '1',
    '.gitignore': '.npm/\n.cache/\nnode_modules/\n',
  })
  const log = gitlab.logPath('npm')
  // What npm would do, as far as the pipelines can tell.
  gitlab.rig.addCommand(
    'npm',
    `echo "$@" >> "${log}"; case $1 in ci) mkdir -p ~/.npm; echo x > ~/.npm/x;; run) mkdir -p ~/.npm .cache;; esac; echo done`,
  )
  return gitlab
}

/** The one difference to what the page shows: the command is there already. */
function variables(gitlab: GitLab): Record<string, string> {
  return { TASKVAULT_JOB_CLI: gitlab.cli, TASKVAULT_CACHE_DIR: gitlab.cacheDirectory }
}

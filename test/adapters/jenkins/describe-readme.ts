import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSnippets } from '../../rig/read-snippets.ts'
import { LIBRARY } from './open-jenkins.ts'
import type { BuildRequest, Jenkins } from './open-jenkins.ts'
import { openJenkinsProject } from './open-project.ts'
import type { JenkinsProject } from './open-project.ts'

const README = readFileSync(path.join(LIBRARY, 'README.md'), 'utf8')
const HELP = readFileSync(path.join(LIBRARY, 'vars/taskvaultCache.txt'), 'utf8')
const PIPELINES = readSnippets(README)
  .filter(({ language }) => language === 'groovy')
  .map((snippet) => ({ ...snippet, isRelease: snippet.text.includes('TAG_NAME') }))

/** What the README and the help of the step promise. */
export function describeReadme(jenkins: () => Jenkins): void {
  describe('the README', () => {
    test('has a pipeline of every kind', () => {
      expect(PIPELINES.length).toBeGreaterThanOrEqual(6)
    })

    test.each(PIPELINES)('shows a pipeline in line $line that works once', async ({ text }) => {
      await using project = await openReadmeProject(jenkins())
      const { jenkinsfile, request } = adapt(text, project)

      const first = await project.build(jenkinsfile, request)
      const worked = project.calls().length
      project.rig.remove('results.xml')
      project.rig.remove('dist')
      const second = await project.build(jenkinsfile, request)

      expect(first, first.log).toMatchObject({ result: 'SUCCESS', error: null })
      expect(second, second.log).toMatchObject({ result: 'SUCCESS', error: null })
      expect(worked).toBeGreaterThan(0)
      expect(project.calls(), second.log).toHaveLength(worked)
    })

    test.each(PIPELINES.filter(({ isRelease }) => isRelease))(
      'shows a release in line $line that is built, and not saved',
      async ({ text }) => {
        await using project = await openReadmeProject(jenkins())
        const ofTag = { buildEnv: { TAG_NAME: 'v1.0.0', BRANCH_NAME: 'v1.0.0' } }

        await project.build(text, ofTag)
        const afterTag = await project.build(text)
        const tagAgain = await project.build(text, ofTag)

        expect([afterTag.result, tagAgain.result]).toEqual(['SUCCESS', 'SUCCESS'])
        expect(project.calls()).toHaveLength(3)
      },
    )

    test('and the help describe every parameter, and no other', () => {
      const code = readFileSync(path.join(LIBRARY, 'src/io/taskvault/Parameters.groovy'), 'utf8')
      const list = /NAMES = \[([^\]]+)\]/.exec(code)?.[1] ?? ''
      const names = Array.from(list.matchAll(/'(\w+)'/g), ([, name]) => name)
      const inReadme = Array.from(README.matchAll(/^\| `(\w+)` \| /gm), ([, name]) => name)
      const inHelp = Array.from(HELP.matchAll(/^(\w+) {2,}\w/gm), ([, name]) => name)

      expect(names).toHaveLength(13)
      expect(inReadme).toEqual(names)
      expect(inHelp).toEqual(names)
    })
  })

  test('a change from a fork uses what is there, and saves nothing', async () => {
    await using project = await openReadmeProject(jenkins())
    const [{ text } = { text: '' }] = PIPELINES
    const ofFork = {
      buildEnv: {
        BRANCH_NAME: 'PR-7',
        CHANGE_ID: '7',
        CHANGE_FORK: 'somebody',
        CHANGE_TARGET: 'main',
      },
    }

    await project.build(text, ofFork)
    await project.build(text)
    await project.build(text, ofFork)

    expect(project.calls().filter((words) => words === 'test')).toHaveLength(2)
  })
}

/** A project with what the README's pipelines need; `npm` and `lint` count their calls. */
async function openReadmeProject(jenkins: Jenkins): Promise<JenkinsProject> {
  const project = await openJenkinsProject(jenkins, {
    'test/a.txt': '1',
    'package-lock.json': '{}',
  })
  project.rig.addCommand(
    'npm',
    'work "$@" >&2; mkdir -p dist; echo "<testsuite/>" | tee results.xml dist/results.xml',
  )
  return project
}

/** What is only an example in an example, as something that is there. */
function adapt(
  text: string,
  project: JenkinsProject,
): { readonly jenkinsfile: string; readonly request: Partial<BuildRequest> } {
  const vault = `file://${path.join(project.rig.project, '../vault')}`
  return {
    jenkinsfile: text.replace('https://vault.example.com', vault),
    request: {
      agent: text.includes('bat ') ? 'windows' : 'unix',
      containers: { node: {} },
      credentials: { taskvault: 'tv_key' },
    },
  }
}

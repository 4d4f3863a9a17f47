import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Jenkins } from './open-jenkins.ts'
import { openJenkinsProject } from './open-project.ts'
import type { JenkinsProject } from './open-project.ts'

/** Copied from the product's documents; it must not be adapted. */
const JENKINSFILE = readFileSync(
  path.join(import.meta.dirname, '../../fixtures/product/Jenkinsfile'),
  'utf8',
)

/** As the README has it. */
const ASKING_BY_IF = JENKINSFILE.replace(
  /( +)(taskvault cache get [^]*?results\.xml)\n +if .*? then/,
  '$1if $2; then',
)
const FAILING = { agentEnv: { NPM_FAILS: 'yes' } }

/**
 * The pipeline of the product's documents, which calls the command line from `sh` and asks for its
 * status afterwards.
 */
export function describeProductSnippet(jenkins: () => Jenkins): void {
  describe('the pipeline of the product', () => {
    test('works to the letter where `sh` goes on after a status that is not 0', async () => {
      await using project = await openSnippetProject(jenkins())
      project.rig.addCommand('sh-that-goes-on', 'shift; exec /bin/sh "$@"')
      const shell = path.join(project.rig.project, '../bin/sh-that-goes-on')

      const first = await project.build(JENKINSFILE, { shell })
      project.rig.remove('results.xml')
      const second = await project.build(JENKINSFILE, { shell })

      expect(first).toMatchObject({ result: 'SUCCESS', error: null })
      expect(second).toMatchObject({ result: 'SUCCESS', error: null })
      expect(second.log).toContain('Cache hit!')
      expect(project.rig.read('results.xml')).toBe('<testsuite/>\n')
      expect(project.calls()).toEqual(['test'])
    })

    test('works to the letter on a hit with the `sh -xe` that Jenkins starts', async () => {
      await using project = await openSnippetProject(jenkins())
      project.rig.write('results.xml', '<testsuite/>\n')
      await project.rig.taskvault(['cache', 'save', 'unit_tests', 'checksum.txt', 'results.xml'])
      project.rig.remove('results.xml')

      const build = await project.build(JENKINSFILE)

      expect(build).toMatchObject({ result: 'SUCCESS', error: null })
      expect(build.log).toContain('Cache hit!')
      expect(project.rig.read('results.xml')).toBe('<testsuite/>\n')
    })

    test('ends at the miss with the `sh -xe` that Jenkins starts, before it can ask', async () => {
      await using project = await openSnippetProject(jenkins())

      const build = await project.build(JENKINSFILE)

      expect(build.error?.message).toBe('script returned exit code 1')
      expect(project.calls()).toEqual([])
    })

    test('goes on after the miss when it asks by `if`, and saves no failure', async () => {
      await using project = await openSnippetProject(jenkins())

      const failed = await project.build(ASKING_BY_IF, FAILING)
      const first = await project.build(ASKING_BY_IF)
      const second = await project.build(ASKING_BY_IF)

      expect(ASKING_BY_IF).toContain('results.xml; then')
      expect(failed.error?.message).toBe('script returned exit code 1')
      expect(first).toMatchObject({ result: 'SUCCESS', error: null })
      expect(second.log).toContain('Cache hit!')
      expect(project.calls()).toEqual(['test', 'test'])
    })

    test.each(['#!/bin/sh\n', 'set +e\n'])(
      'goes on after the miss when it begins with %j, and past a failure, too',
      async (line) => {
        await using project = await openSnippetProject(jenkins())
        const withoutE = JENKINSFILE.replace(/sh '''\n/, `sh '''${line}`)

        const failed = await project.build(withoutE, FAILING)
        const second = await project.build(withoutE)

        expect(withoutE).toContain(line)
        expect([failed.result, second.result]).toEqual(['SUCCESS', 'SUCCESS'])
        expect(second.log).toContain('Cache hit!')
      },
    )
  })
}

async function openSnippetProject(jenkins: Jenkins): Promise<JenkinsProject> {
  const project = await openJenkinsProject(jenkins, { 'checksum.txt': '1' })
  project.rig.addCommand('npm', 'work "$@" >&2; echo "<testsuite/>"; test -z "$NPM_FAILS"')
  return project
}

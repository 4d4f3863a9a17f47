import { describe, expect, test } from 'vitest'
import type { Jenkins } from './open-jenkins.ts'
import { openJenkinsProject } from './open-project.ts'
import { labels, scripted, step } from './pipeline-text.ts'

/** Blocks that fail or are aborted, trouble with the cache, and restarts of Jenkins. */
export function describeFailures(jenkins: () => Jenkins): void {
  describe('when its block does not succeed', () => {
    test('saves nothing, and passes the failure on as it is', async () => {
      await using project = await openJenkinsProject(jenkins())
      const failing = step('', "sh 'work; exit 7'")
      const jenkinsfile = scripted(`
        try { ${failing} } catch (hudson.AbortException e) { echo "caught \${e.message}" }
        catchError { ${failing} }
        ${failing}`)

      const build = await project.build(jenkinsfile)

      expect(build.error).toEqual({
        type: 'hudson.AbortException',
        message: 'script returned exit code 7',
      })
      expect(build.log).toContain('caught script returned exit code 7')
      expect(project.calls()).toHaveLength(3)
      expect(labels(build)).not.toContain('taskvault save unit_tests')
    })

    test('passes on the very exception that was thrown, whatever it is', async () => {
      await using project = await openJenkinsProject(jenkins())
      const thrower = step('', 'throw mine')

      const build = await project.build(
        scripted(`Exception mine = new IllegalStateException('mine')
        try { ${thrower} } catch (IllegalStateException e) { echo "the same: \${e.is(mine)}, cause: \${e.cause}" }`),
      )

      expect(build.log).toContain('the same: true, cause: null')
    })

    test('saves nothing of a build that was aborted in it, and stays aborted', async () => {
      await using project = await openJenkinsProject(jenkins())
      const jenkinsfile = scripted(step('', "sh 'work; echo tests begin; sleep 60'"))

      const build = await project.build(jenkinsfile, { abortWhen: 'tests begin' })
      const again = await project.build(jenkinsfile.replace('; sleep 60', ''))

      expect(build.result).toBe('ABORTED')
      expect(build.error?.type).toBe(
        'org.jenkinsci.plugins.workflow.steps.FlowInterruptedException',
      )
      expect(labels(build)).not.toContain('taskvault save unit_tests')
      expect(again.log).not.toContain('✓ unit_tests: restored')
      expect(project.calls()).toHaveLength(2)
    })

    test('lets a timeout around it through', async () => {
      await using project = await openJenkinsProject(jenkins())

      const build = await project.build(
        scripted(`timeout(time: 2, unit: 'SECONDS') { ${step('', "sh 'sleep 60'")} }`),
      )

      expect(build).toMatchObject({
        result: 'ABORTED',
        error: { message: 'Timeout has been exceeded' },
      })
    })

    test('does not run its block when the build is aborted before', async () => {
      await using project = await openJenkinsProject(jenkins())
      project.rig.addCommand('slow-taskvault', 'echo looking up; sleep 60')

      const build = await project.build(scripted(step(", cli: 'slow-taskvault'")), {
        abortWhen: 'looking up',
      })

      expect(build.result).toBe('ABORTED')
      expect(project.calls()).toEqual([])
    })

    test('saves when it succeeds at the second attempt', async () => {
      await using project = await openJenkinsProject(jenkins())
      const jenkinsfile = scripted(
        `retry(2) { ${step('', 'sh \'work; test -e "$HOME/tried" || { touch "$HOME/tried"; exit 1; }\'')} }`,
      )

      const build = await project.build(jenkinsfile)
      const again = await project.build(jenkinsfile)

      expect([build.result, again.result]).toEqual(['SUCCESS', 'SUCCESS'])
      expect(project.calls()).toHaveLength(2)
    })
  })

  describe('in trouble', () => {
    test.each([
      ['is not there', 'no-such-taskvault', undefined],
      ['crashes', 'crashing', 'kill -9 $$'],
      ['has a bug', 'buggy', 'exit 70'],
      ['cannot be used on this machine', 'unavailable', 'exit 69'],
    ])('runs its block without the cache when the command line %s', async (_, cli, script) => {
      await using project = await openJenkinsProject(jenkins())
      if (script !== undefined) project.rig.addCommand(cli, script)

      const build = await project.build(scripted(step(`, cli: '${cli}'`)))

      expect(build).toMatchObject({ result: 'SUCCESS', error: null })
      expect(build.log).toMatch(/'unit_tests' runs without the cache: \S+ ended with status \d+/)
      expect(project.calls()).toHaveLength(1)
    })

    test('runs its block when the store cannot be had', async () => {
      await using project = await openJenkinsProject(jenkins(), { '.taskvault/cache': 'a file' })

      const build = await project.build(scripted(step()))

      expect(build).toMatchObject({ result: 'SUCCESS', error: null })
      expect(build.log).toMatch(/warning: .*unit_tests/)
      expect(project.calls()).toHaveLength(1)
    })
  })

  describe('when Jenkins is restarted', () => {
    test('goes on at every step of its own', async () => {
      await using project = await openJenkinsProject(jenkins())

      const build = await project.build(scripted(step()))

      expect(build.restarts).toBe(build.steps.length)
      expect(build.restarts).toBeGreaterThan(10)
    })
  })
}

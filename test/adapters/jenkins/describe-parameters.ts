import { describe, expect, test } from 'vitest'
import type { Jenkins } from './open-jenkins.ts'
import { openJenkinsProject } from './open-project.ts'
import { labels, scripted, step } from './pipeline-text.ts'

/** What each parameter does, and what is said of one that is wrong. */
export function describeParameters(jenkins: () => Jenkins): void {
  describe('with parameters', () => {
    test('takes lists also as lines of text, and text with variables in it', async () => {
      await using project = await openJenkinsProject(jenkins())
      const jenkinsfile = scripted(`
        String name = 'unit'
        taskvaultCache(task: "\${name}_tests", inputs: """
          src/**
          !**/*.md
        """, outputs: 'out.txt', env: '', tools: ['echo 1']) { sh 'work' }`)

      await project.build(jenkinsfile)
      project.rig.write('src/b.md', 'x')
      const second = await project.build(jenkinsfile)

      expect(second.log).toContain('✓ unit_tests')
      expect(project.calls()).toHaveLength(1)
    })

    test('force runs the block and saves, and readOnly and save: false save nothing', async () => {
      await using project = await openJenkinsProject(jenkins())

      await project.build(scripted(step(', readOnly: true')))
      await project.build(scripted(step(', save: false')))
      await project.build(scripted(step()))
      await project.build(scripted(step(', force: true')))
      await project.build(scripted(step(', readOnly: true')))

      expect(project.calls()).toHaveLength(4)
    })

    test('hands a credential to the command line alone, and keeps it out of the log', async () => {
      await using project = await openJenkinsProject(jenkins())
      project.rig.addCommand(
        'teller',
        'echo "token $TASKVAULT_TOKEN remote $TASKVAULT_REMOTE"; exit 1',
      )
      const parameters = ", cli: 'teller', remote: 'https://vault.example', credentialsId: 'vault'"

      const build = await project.build(
        scripted(step(parameters, `sh 'work; echo "block: $TASKVAULT_TOKEN$TASKVAULT_REMOTE."'`)),
        { credentials: { vault: 'tv_secret' } },
      )

      expect(build.log.match(/token \*{4} remote https:\/\/vault\.example/g)).toHaveLength(2)
      expect(build.log).not.toContain('tv_secret')
      expect(build.log).toMatch(/^block: \.$/m)
    })

    test.each([
      [
        'a name that there is not',
        `input: 'src/**', task: 'x'`,
        "unknown parameter 'input' (value 'src/**')",
      ],
      ['no task', `inputs: ['src/**']`, "parameter 'task' is missing"],
      ['a blank task', `task: ' '`, "parameter 'task' must be text that is not blank, not ' '"],
      ['a list for a text', `task: ['a']`, "parameter 'task' must be text, not ['a']"],
      [
        'a text for a switch',
        `task: 'x', readOnly: 'yes'`,
        "parameter 'readOnly' must be true or false, not 'yes'",
      ],
      [
        'a number for a list',
        `task: 'x', inputs: 3`,
        "parameter 'inputs' must be a list of strings, or text with one entry per line, not 3",
      ],
      [
        'a number in a list',
        `task: 'x', outputs: ['a', 3]`,
        "parameter 'outputs' must be a list of strings that are not blank, not ['a', 3]",
      ],
      [
        'a list of no inputs',
        `task: 'x', inputs: []`,
        "parameter 'inputs' must be at least one pattern, not []",
      ],
      ['nothing', `task: 'x', salt: env.NO_SUCH_VARIABLE`, "parameter 'salt' is null"],
      [
        'lines for a path',
        String.raw`task: 'x', cli: 'a\nb'`,
        String.raw`parameter 'cli' must be one line without double quotes, not 'a\nb'`,
      ],
    ])('refuses %s before anything is run', async (_, parameters, message) => {
      await using project = await openJenkinsProject(jenkins())

      const build = await project.build(scripted(`taskvaultCache(${parameters}) { sh 'work' }`))

      expect(build.error?.type).toBe('hudson.AbortException')
      expect(build.error?.message).toContain(`taskvaultCache: ${message}`)
      expect(build.error?.message).not.toContain('\n')
      expect(labels(build)).toEqual([])
    })

    test('refuses what only the command line can know to be wrong, before the block', async () => {
      await using project = await openJenkinsProject(jenkins())

      const build = await project.build(
        scripted(`taskvaultCache(task: 'x', inputs: ['scr/**']) { sh 'work' }`),
      )

      expect(build.log).toMatch(/error: .*scr\/\*\*/)
      expect(build.error?.message).toContain("taskvaultCache: 'x' cannot be looked up")
      expect(project.calls()).toEqual([])
    })

    test('refuses a credential that there is not, by name', async () => {
      await using project = await openJenkinsProject(jenkins())

      const build = await project.build(scripted(step(", credentialsId: 'valut'")))

      expect(build.error?.message).toBe(
        "taskvaultCache: parameter 'credentialsId' must be the id of a secret text, not 'valut': Could not find credentials entry with ID 'valut'",
      )
      expect(project.calls()).toEqual([])
    })

    test.each([
      ['no block', `(task: 'x')`, "[[task: 'x']]"],
      ['a task without its name', `('x') { sh 'work' }`, "['x', { … }]"],
      ['a block alone', ` { sh 'work' }`, '[{ … }]'],
      ['nothing at all', '()', '[]'],
    ])('refuses %s, and says how it is meant', async (_, call, given) => {
      await using project = await openJenkinsProject(jenkins())

      const build = await project.build(scripted(`taskvaultCache${call}`))

      expect(build.error?.message).toBe(
        `taskvaultCache: takes named parameters and a block, taskvaultCache(task: 'unit_tests') { … }, not ${given}`,
      )
      expect(project.calls()).toEqual([])
    })
  })
}

import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Jenkins } from './open-jenkins.ts'
import { openJenkinsProject } from './open-project.ts'
import { groovyText, scripted, step } from './pipeline-text.ts'

/** Windows agents, and what a shell of either kind could take for a command. */
export function describeWindows(jenkins: () => Jenkins): void {
  describe('on a Windows agent', () => {
    const jenkinsfile = scripted(step('', "bat 'work'"))

    test('runs its block on a miss, and puts its outputs back on a hit', async () => {
      await using project = await openJenkinsProject(jenkins())

      const first = await project.build(jenkinsfile, { agent: 'windows' })
      project.rig.remove('out.txt')
      const second = await project.build(jenkinsfile, { agent: 'windows' })

      expect(first).toMatchObject({ result: 'SUCCESS', error: null })
      expect(second).toMatchObject({ result: 'SUCCESS', error: null })
      expect(project.rig.read('out.txt')).toBe('one')
      expect(project.calls()).toHaveLength(1)
    })

    test('leaves the work to the block when there is no taskvault', async () => {
      await using project = await openJenkinsProject(jenkins())

      const build = await project.build(
        scripted(step(", cli: 'C:/tools/taskvault.cmd'", "bat 'work'")),
        {
          agent: 'windows',
        },
      )

      expect(build.result).toBe('SUCCESS')
      expect(build.log).toContain("'unit_tests' was not saved")
      expect(project.calls()).toHaveLength(1)
    })

    test.each([
      ['an input', `inputs: ['src/**', '?x & work evil', '?%PATH%', '?"; work evil', '?a^b|c']`],
      [
        'a salt',
        String.raw`inputs: ['src/**'], salt: 'x" & work evil & "%PATH% !PATH! ' + "\nwork evil"`,
      ],
    ])('takes no word of %s for a command', async (_, parameters) => {
      await using project = await openJenkinsProject(jenkins())

      const build = await project.build(
        scripted(`taskvaultCache(task: 'odd', ${parameters}) { bat 'work' }`),
        { agent: 'windows' },
      )

      expect(build).toMatchObject({ result: 'SUCCESS', error: null })
      expect(project.calls()).toEqual([''])
    })

    test('would notice a value that is pasted into a script', async () => {
      await using project = await openJenkinsProject(jenkins())

      const build = await project.build(
        scripted(`withEnv(['SALT=x" & work evil & "']) { bat 'work "%SALT%"' }`),
        { agent: 'windows' },
      )

      expect(build.error?.message).toContain('cmd.exe would take & for syntax')
    })
  })

  describe('with values that a shell would take for something else', () => {
    test('hands every word over as it was written', async () => {
      await using project = await openJenkinsProject(jenkins())
      project.rig.addCommand(
        'recorder',
        'printf "%s\\n" "$TASKVAULT_ARGUMENTS" >> "$HOME/arguments"; exit 1',
      )
      const salt = `it's "5 $" $(work evil) \${PATH} \`work evil\` $$ $PATH ; work evil # é 日本 \\ %PATH%\n*`
      const input = 'src/**; work evil'

      const build = await project.build(
        scripted(
          `taskvaultCache(task: 'odd', inputs: ['${input}'], salt: ${groovyText(salt)}, cli: 'recorder') { sh 'work' }`,
        ),
      )

      expect(build.result).toBe('SUCCESS')
      expect(project.calls()).toEqual([''])
      const [restore = ''] = (
        await project.rig.run(['sh', '-c', 'cat "$HOME/arguments"'])
      ).stdout.split('\n')
      expect(restore).toMatch(/^[\x20-\x7e]+$/)
      const words: unknown = JSON.parse(restore)
      expect(words).toEqual([
        'restore',
        'odd',
        '--input',
        input,
        '--salt',
        salt,
        '--state',
        expect.stringMatching(/\/project@tmp\/taskvault-[0-9a-f]{16}\.json$/),
        '--show-key',
      ])
    })

    test('runs a command line whose path has blanks and quotes in it', async () => {
      await using project = await openJenkinsProject(jenkins())
      project.rig.write(
        "my tool's/taskvault",
        readFileSync(path.join(project.rig.project, '../bin/taskvault')),
      )
      await project.rig.run(['chmod', '+x', "my tool's/taskvault"])

      const build = await project.build(scripted(step(`, cli: "my tool's/taskvault"`)))

      expect(build.log).toContain('unit_tests: saved')
    })
  })
}

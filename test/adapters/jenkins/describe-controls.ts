import { describe, expect, test } from 'vitest'
import { copyOfLibrary } from './copy-of-library.ts'
import type { Jenkins } from './open-jenkins.ts'
import { openJenkinsProject } from './open-project.ts'
import { branch, labels, scripted, step } from './pipeline-text.ts'

/** What the tests see of a library that lacks one of its defences. */
export function describeControls(jenkins: () => Jenkins): void {
  describe('without a defence', () => {
    test('something that cannot be written out ends the build', async () => {
      await using project = await openJenkinsProject(jenkins())
      const library = copyOfLibrary(
        '    body()\n',
        '    def match = (request.task =~ /unit/)\n    body()\n    match.find()\n',
      )

      const build = await project.build(scripted(step()), { library })

      expect(build.error?.type).toBe('java.io.NotSerializableException')
      expect(build.error?.message).toBe('java.util.regex.Matcher')
    })

    test('a method that must not be transformed is noticed', async () => {
      await using project = await openJenkinsProject(jenkins())
      const library = copyOfLibrary(
        '    @NonCPS\n    private static String findProblemOf(',
        '    private static String findProblemOf(',
      )

      const build = await project.build(scripted(step()), { library })

      expect(build.error?.message).toBe(
        'expected to call findProblem but wound up catching findProblemOf',
      )
    })

    test('a block that fails is saved', async () => {
      await using project = await openJenkinsProject(jenkins())
      const library = copyOfLibrary(
        '    body()\n',
        '    try { body() } catch (Exception ignored) { }\n',
      )

      const build = await project.build(scripted(step('', "sh 'work; exit 7'")), { library })

      expect(build.result).toBe('SUCCESS')
      expect(labels(build)).toContain('taskvault save unit_tests')
    })

    test("Jenkins' own files within `dir` are inputs, and nothing is ever saved", async () => {
      await using project = await openJenkinsProject(jenkins(), { 'web/src/a.txt': 'web' })
      const library = copyOfLibrary('dir(env.WORKSPACE)', 'dir(pwd())')
      // Both together make all of the workspace one project, also for who stands below.
      await project.rig.run(['git', 'init', '--quiet'])
      project.rig.write('.taskvault/config.yaml', 'tasks: {}')
      const jenkinsfile = scripted(
        `dir('web') { taskvaultCache(task: 'all', outputs: ['out.txt']) { sh 'work' } }`,
      )

      await project.build(jenkinsfile, { library })
      const second = await project.build(jenkinsfile, { library })

      expect(second.log).toMatch(/web@tmp/)
      expect(project.calls()).toHaveLength(2)
    })

    test('branches of one workspace take word from each other', async () => {
      await using project = await openJenkinsProject(jenkins())
      const library = copyOfLibrary('${request.stateFileName(env.STAGE_NAME)}', 'state.json')
      const both = `parallel(${branch('left', "sh 'work left'")}, ${branch('right', "sh 'work right'")})`

      await project.build(scripted(both), { library })
      const second = await project.build(scripted(both), { library })

      expect(second.log.match(/✓ matrix: /g)?.length).not.toBe(2)
    })

    test('withEnv replaces what looks like a variable', async () => {
      await using project = await openJenkinsProject(jenkins())
      project.rig.addCommand('recorder', 'echo "words: $TASKVAULT_ARGUMENTS"; exit 1')
      const library = copyOfLibrary("#?~'", "#?~$'")

      const build = await project.build(scripted(step(", salt: 'a$$b', cli: 'recorder'")), {
        library,
      })

      expect(build.log).toMatch(/^words: .*"a\$b"/m)
    })
  })
}

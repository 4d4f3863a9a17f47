import { describe, expect, test } from 'vitest'
import { copyOfLibrary } from './copy-of-library.ts'
import type { Jenkins } from './open-jenkins.ts'
import { openJenkinsProject } from './open-project.ts'
import { scripted, step } from './pipeline-text.ts'

/** Libraries of folders are not trusted: Jenkins refuses calls that are not on a list. */
export function describeSandbox(jenkins: () => Jenkins): void {
  describe('in the sandbox', () => {
    test('runs its block, and puts its outputs back', async () => {
      await using project = await openJenkinsProject(jenkins())
      const all = `, env: ['HOME'], tools: """
        echo 1
      """, salt: "x\${1}", command: 'work', readOnly: false, save: true, force: false, cli: 'taskvault', credentialsId: 'vault'`
      const request = { isSandboxed: true, credentials: { vault: 'tv_key' } }

      const first = await project.build(scripted(step(all)), request)
      const second = await project.build(scripted(step(all)), request)

      expect(first, first.log).toMatchObject({ result: 'SUCCESS', error: null })
      expect(second, second.log).toMatchObject({ result: 'SUCCESS', error: null })
      expect(project.calls()).toHaveLength(1)
    })

    test.each([
      ['a block that fails', step('', "sh 'exit 3'"), 'script returned exit code 3'],
      ['trouble', `${step(", cli: 'no-such-command'")}\nerror('the end')`, 'the end'],
      [
        'wrong inputs',
        `taskvaultCache(task: 'x', inputs: ['scr/**']) { }`,
        "'x' cannot be looked up",
      ],
      ['a credential that there is not', step(", credentialsId: 'valut'"), "'valut'"],
      ['a wrong name', step(", input: 'x'"), "unknown parameter 'input'"],
      ['a wrong list', `taskvaultCache(task: 'x', inputs: [1, [a: 2]]) { }`, '[1, [a: 2]]'],
      ['a long text', `taskvaultCache(task: '${'x '.repeat(99)}') { }`, '…'],
      ['no task', `taskvaultCache(force: true) { }`, "'task' is missing"],
      ['no names', `taskvaultCache('x') { }`, 'takes named parameters'],
    ])('says of %s what it always says', async (_, pipeline, message) => {
      await using project = await openJenkinsProject(jenkins())

      const build = await project.build(scripted(pipeline), { isSandboxed: true })

      expect(build.error?.message, build.log).toContain(message)
      expect(build.error?.type).toBe('hudson.AbortException')
    })

    test.each([
      [
        'a step',
        '    body()\n',
        "    new File('/etc/passwd').text\n    body()\n",
        'new java.io.File',
      ],
      [
        'a class',
        '        declaration = declarationOf(parameters)\n',
        "        declaration = declarationOf(parameters) + System.getenv('HOME')\n",
        'staticMethod java.lang.System getenv',
      ],
    ])('refuses %s what is not on the list', async (_, text, replacement, what) => {
      await using project = await openJenkinsProject(jenkins())
      const library = copyOfLibrary(text, replacement)

      const build = await project.build(scripted(step()), { library, isSandboxed: true })

      expect(build.error?.message).toBe(`Scripts not permitted to use ${what}`)
    })
  })
}

import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Jenkins } from './open-jenkins.ts'
import { openJenkinsProject } from './open-project.ts'
import { branch, labels, scripted, step } from './pipeline-text.ts'

/** The kinds of pipelines, and where in them the step may stand. */
export function describePipelines(jenkins: () => Jenkins): void {
  describe('in a scripted pipeline', () => {
    const jenkinsfile = scripted(`
      boolean wasRestored = ${step()}
      echo "restored: \${wasRestored}"`)

    test('runs its block on a miss, and puts its outputs back on a hit', async () => {
      await using project = await openJenkinsProject(jenkins())

      const first = await project.build(jenkinsfile)
      project.rig.remove('out.txt')
      const second = await project.build(jenkinsfile)

      expect(first).toMatchObject({ result: 'SUCCESS', error: null })
      expect(first.log).toMatch(/working\n.*unit_tests: saved.*\nrestored: false\n$/s)
      expect(second).toMatchObject({ result: 'SUCCESS', error: null })
      expect(second.log).toMatch(/✓ unit_tests: .*\nrestored: true\n$/s)
      expect(project.rig.read('out.txt')).toBe('one')
      expect(project.calls()).toHaveLength(1)
    })

    test('runs its block again when an input has changed, and says which', async () => {
      await using project = await openJenkinsProject(jenkins())

      await project.build(jenkinsfile)
      project.rig.write('src/a.txt', 'two')
      const second = await project.build(jenkinsfile)

      expect(second.log).toMatch(/unit_tests: .*src\/a\.txt/)
      expect(project.rig.read('out.txt')).toBe('two')
      expect(project.calls()).toHaveLength(2)
    })

    test('takes as many processes as it has to: one on a hit, two around the block', async () => {
      await using project = await openJenkinsProject(jenkins())

      const first = await project.build(scripted(step()))
      const second = await project.build(scripted(step()))

      expect(labels(first)).toEqual([
        'taskvault restore unit_tests',
        'work',
        'taskvault save unit_tests',
      ])
      expect(labels(second)).toEqual(['taskvault restore unit_tests'])
    })

    test('gives the same key as the command line does', async () => {
      await using project = await openJenkinsProject(jenkins())

      await project.build(scripted(step(", command: 'work', salt: 'x y'")))
      const words = [
        '--input',
        'src/**',
        '--output',
        'out.txt',
        '--salt',
        'x y',
        '--command',
        'work',
      ]
      const explained = await project.rig.taskvault(['run', 'unit_tests', ...words])

      expect(explained.exitCode).toBe(0)
      expect(project.calls()).toHaveLength(1)
    })
  })

  describe('in a declarative pipeline', () => {
    test('is a step like any other', async () => {
      await using project = await openJenkinsProject(jenkins())
      const jenkinsfile = `
        @Library('taskvault') _
        pipeline {
          agent any
          environment { STAGE_COLOUR = 'blue' }
          stages {
            stage('Test') {
              steps { ${step(", env: ['STAGE_COLOUR']", "sh 'work $STAGE_COLOUR'")} }
            }
          }
          post {
            success { echo 'all is well' }
            failure { echo 'not so well' }
          }
        }`

      const first = await project.build(jenkinsfile)
      const second = await project.build(jenkinsfile)
      const other = await project.build(jenkinsfile.replace('blue', 'red'))

      for (const { log, result } of [first, second, other]) {
        expect(result).toBe('SUCCESS')
        expect(log).toMatch(/all is well\n$/)
      }
      expect(project.calls()).toEqual(['blue', 'red'])
    })

    test('fails the stage with the failure of its block, and skips the ones after', async () => {
      await using project = await openJenkinsProject(jenkins())
      const jenkinsfile = `
        @Library('taskvault') _
        pipeline {
          agent any
          stages {
            stage('Test') { steps { ${step('', "sh 'work; exit 3'")} } }
            stage('Deploy') { steps { sh 'work deploy' } }
          }
          post {
            failure { echo "ended as \${currentBuild.currentResult}" }
          }
        }`

      const build = await project.build(jenkinsfile)

      expect(build.error?.message).toBe('script returned exit code 3')
      expect(build.log).toMatch(/ended as FAILURE\n/)
      expect(project.calls()).toEqual([''])
    })
  })

  describe('in parallel branches of one workspace', () => {
    test('keeps the branches apart, though they interleave and have the same task', async () => {
      await using project = await openJenkinsProject(jenkins())
      const jenkinsfile = scripted(
        `parallel(${branch('left', "sh 'work left 1'; sh 'work left 2'")}, ${branch('right', "sh 'work right 1'; sh 'work right 2'")})`,
      )

      const first = await project.build(jenkinsfile)
      const second = await project.build(jenkinsfile)

      expect(first).toMatchObject({ result: 'SUCCESS', error: null })
      expect(project.calls()).toEqual(['left 1', 'right 1', 'left 2', 'right 2'])
      expect(second.log.match(/✓ matrix: /g)).toHaveLength(2)
    })

    test('saves the branch that passed when another one fails', async () => {
      await using project = await openJenkinsProject(jenkins())
      const jenkinsfile = scripted(
        `parallel(${branch('left', "sh 'work left; exit 4'")}, ${branch('right', "sh 'work right'")})`,
      )

      const first = await project.build(jenkinsfile)
      const second = await project.build(jenkinsfile)

      expect(first.error?.message).toBe('script returned exit code 4')
      expect(second.error?.message).toBe('script returned exit code 4')
      expect(project.calls()).toEqual(['left', 'right', 'left'])
    })
  })

  describe('wherever it stands', () => {
    test('works within a container that has a taskvault of its own', async () => {
      await using project = await openJenkinsProject(jenkins())
      const PATH = '/nowhere'
      const [tools] = (await project.rig.run(['sh', '-c', 'echo "$PATH"'])).stdout.split('\n')

      const build = await project.build(
        scripted(`container('node') { ${step()} }\ncontainer('node') { ${step()} }`),
        { agentEnv: { PATH }, containers: { node: { PATH: tools ?? '' } }, shell: '/bin/sh' },
      )

      expect(build).toMatchObject({ result: 'SUCCESS', error: null })
      expect(project.calls()).toHaveLength(1)
    })

    test('counts its paths from the directory that it stands in', async () => {
      await using project = await openJenkinsProject(jenkins(), { 'web/src/a.txt': 'web' })
      const jenkinsfile = scripted(`dir('web') { ${step()} }`)

      await project.build(jenkinsfile)
      project.rig.remove('web/out.txt')
      const second = await project.build(jenkinsfile)

      expect(second.log).toContain('✓ unit_tests')
      expect(project.rig.read('web/out.txt')).toBe('web')
    })

    test('is not disturbed by the files that Jenkins keeps within the workspace', async () => {
      await using project = await openJenkinsProject(jenkins(), { 'web/src/a.txt': 'web' })
      // Both together make all of the workspace one project, also for who stands below.
      await project.rig.run(['git', 'init', '--quiet'])
      project.rig.write('.taskvault/config.yaml', 'tasks: {}')
      const jenkinsfile = scripted(
        `dir('web') { taskvaultCache(task: 'all', outputs: ['out.txt']) { sh 'work' } }`,
      )

      await project.build(jenkinsfile)
      await project.build(jenkinsfile)

      expect(readdirSync(project.rig.project)).toContain('web@tmp')
      expect(project.calls()).toHaveLength(1)
    })

    test('leaves nothing in the workspace but the cache and the outputs', async () => {
      await using project = await openJenkinsProject(jenkins())

      await project.build(scripted(step()))
      await project.build(scripted(step()))

      expect(readdirSync(project.rig.project).toSorted()).toEqual(['.taskvault', 'out.txt', 'src'])
    })

    test('does without WORKSPACE_TMP, which an old Jenkins does not set', async () => {
      await using project = await openJenkinsProject(jenkins())

      await project.build(scripted(step()), { hasWorkspaceTmp: false })
      await project.build(scripted(step()), { hasWorkspaceTmp: false })

      expect(project.calls()).toHaveLength(1)
    })

    test('says what every step outside of `node` says there', async () => {
      await using project = await openJenkinsProject(jenkins())

      const build = await project.build(`@Library('taskvault') _\n${step()}`)

      expect(build.error?.message).toContain('Required context class hudson.FilePath is missing')
    })
  })
}

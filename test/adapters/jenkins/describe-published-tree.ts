import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { writeJenkinsLibrary } from '../../../scripts/build-jenkins-library.ts'
import type { Jenkins } from './open-jenkins.ts'
import { openJenkinsProject } from './open-project.ts'
import { scripted, step } from './pipeline-text.ts'

/** What scripts/build-jenkins-library.ts makes. */
export function describePublishedTree(jenkins: () => Jenkins): void {
  describe('the published library', () => {
    test('has what Jenkins looks for, and nothing of ours', () => {
      const library = writeTree()

      expect(readdirSync(library).toSorted()).toEqual(['LICENSE', 'README.md', 'src', 'vars'])
      expect(readdirSync(path.join(library, 'vars')).toSorted()).toEqual([
        'taskvaultCache.groovy',
        'taskvaultCache.txt',
      ])
    })

    test('has no link that leads nowhere', () => {
      const readme = readFileSync(path.join(writeTree(), 'README.md'), 'utf8')

      const targets = Array.from(readme.matchAll(/\]\(([^)]+)\)/g), ([, target]) => target)
      expect(targets.length).toBeGreaterThan(0)
      expect(targets.filter((target) => target?.startsWith('https://') !== true)).toEqual([])
    })

    test('replaces an earlier one, also what that had more', () => {
      const library = writeTree()
      writeFileSync(path.join(library, 'vars/taskvaultOld.groovy'), '')
      writeFileSync(path.join(library, 'CODEOWNERS'), 'us')

      writeJenkinsLibrary(library)

      expect(readdirSync(path.join(library, 'vars'))).not.toContain('taskvaultOld.groovy')
      expect(readdirSync(library)).toContain('CODEOWNERS')
    })

    test('works', async () => {
      await using project = await openJenkinsProject(jenkins())
      const library = writeTree()

      await project.build(scripted(step()), { library })
      const second = await project.build(scripted(step()), { library })

      expect(second.log).toContain('✓ unit_tests')
      expect(project.calls()).toHaveLength(1)
    })
  })
}

function writeTree(): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'taskvault-jenkins-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  writeJenkinsLibrary(directory)
  return directory
}

import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import type { Jenkins } from './open-jenkins.ts'
import { openJenkinsProject } from './open-project.ts'
import type { JenkinsProject } from './open-project.ts'
import { scripted, step } from './pipeline-text.ts'

/** Agents that have nothing in common but a server. */
export function describeSharedVault(jenkins: () => Jenkins): void {
  describe('with a vault that agents share', () => {
    test('one agent has a hit with what another one has made', async () => {
      await using one = await openJenkinsProject(jenkins())
      await using other = await openJenkinsProject(jenkins())
      const { url, key } = await startServer(one)
      const shared = step(`, remote: '${url}', credentialsId: 'vault'`)
      const credentials = { vault: key }

      const first = await one.build(scripted(shared), { credentials })
      const second = await other.build(scripted(shared), { credentials })
      const stranger = await other.build(scripted(shared.replace('unit_tests', 'other_tests')), {
        credentials: { vault: 'tv_0123456789ab_guessed' },
      })

      expect(first.log).toContain('unit_tests: saved')
      expect(second.log).toContain('✓ unit_tests')
      expect(other.rig.read('out.txt')).toBe('one')
      expect(stranger).toMatchObject({ result: 'SUCCESS', error: null })
      expect(stranger.log).toMatch(/^warning: .*401/m)
      expect([one.calls(), other.calls()]).toEqual([[''], ['']])
      expect([first, second, stranger].map(({ log }) => log).join('')).not.toContain('tv_')
    })
  })
}

/** A server on the machine of `project`, which ends with it. */
async function startServer(project: JenkinsProject): Promise<{ url: string; key: string }> {
  const words = ['serve', '--port', '0', '--data', '../server', '--json']
  const { stdout } = project.rig.start(['taskvault', ...words]).child
  if (stdout === null) throw new Error('The streams of a child must be pipes')
  const { value, done } = await createInterface({ input: stdout })[Symbol.asyncIterator]().next()
  if (done === true) throw new Error('The server has ended')
  const { url, adminKey: key } = JSON.parse(value) as { url: string; adminKey: string }
  return { url, key }
}

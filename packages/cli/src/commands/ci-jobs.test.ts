import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startVaultServer } from '../../../../test/rig/start-vault-server.ts'
import {
  gitlabClaims,
  gitlabMergeRequest,
} from '../../../server/src/trust/testing/sample-claims.ts'
import { startTokenIssuer } from '../../../server/src/trust/testing/token-issuer.ts'
import { createProject, runMain } from '../testing/run-main.ts'

type Claims = Readonly<Record<string, unknown>>

/** Jobs of GitLab, each on a machine of its own, with one token for all of its commands. */
interface Scene {
  /** Runs the tasks on a checkout with this input; what each did, in a word. */
  job(claims: Claims, input: string, ...tasks: readonly string[]): Promise<readonly string[]>
}

const FORK = { project_id: '99', namespace_id: '98' }

test('all commands of a job work with its one token, and the next job gets what it saved', async () => {
  const { job } = await openScene()

  const first = await job(gitlabClaims(), '1', 'lint', 'unit', 'lint')
  const second = await job(gitlabClaims({ job_id: '2' }), '1', 'lint', 'unit')

  expect(first).toEqual(['ran', 'ran', 'hit'])
  expect(second).toEqual(['hit', 'hit'])
})

test('a merge request gets what main has saved, and keeps what it saves for itself', async () => {
  const { job } = await openScene()
  const mine = gitlabMergeRequest()
  await job(gitlabClaims(), '1', 'unit')

  const request = await job(mine, '1', 'unit')
  const changed = await job(mine, '2', 'unit')
  const again = await job(mine, '2', 'unit')
  const other = await job(gitlabMergeRequest({ ref: 'y', ref_path: 'refs/heads/y' }), '2', 'unit')
  const main = await job(gitlabClaims(), '2', 'unit')

  expect([request, changed, again, other, main].flat()).toEqual(['hit', 'ran', 'hit', 'ran', 'ran'])
})

test('a fork’s merge request gets what main has saved, leaves nothing behind, and fails for neither', async () => {
  const { job } = await openScene()
  const fork = gitlabMergeRequest(FORK)
  await job(gitlabClaims(), '1', 'unit')

  const hit = await job(fork, '1', 'unit')
  const changed = await job(fork, '2', 'unit', 'lint')
  const again = await job(fork, '2', 'unit')

  expect([hit, changed, again].flat()).toEqual(['hit', 'ran', 'ran', 'ran'])
})

async function openScene(): Promise<Scene> {
  const iss = 'https://gitlab.example.com'
  const aud = 'https://cache.example.com'
  const issuer = await startTokenIssuer({ now: Date.now, defaults: { iss, aud } })
  onTestFinished(async () => await issuer[Symbol.asyncDispose]())
  const settings = [
    {
      id: 'gitlab',
      kind: 'gitlab',
      issuer: iss,
      audience: aud,
      jwks_url: issuer.jwksUrl,
      admits: [{}],
    },
  ]
  const server = await startVaultServer({ config: `issuers: ${JSON.stringify(settings)}\n` })
  onTestFinished(async () => await server[Symbol.asyncDispose]())
  return {
    job: async (claims, input, ...tasks) => {
      const cwd = createProject({ 'in.txt': input })
      const env = {
        GITLAB_CI: 'true',
        TASKVAULT_REMOTE: server.url,
        TASKVAULT_ID_TOKEN: await issuer.sign(claims),
        PATH: '/usr/local/bin:/usr/bin:/bin',
      }
      const answers: string[] = []
      for (const task of tasks) {
        const command = [
          '--input',
          'in.txt',
          '--output',
          task,
          '--',
          'sh',
          '-c',
          `echo ${task} > ${task}`,
        ]
        writeFileSync(path.join(cwd, task), 'before')
        // oxlint-disable-next-line no-await-in-loop -- one command of a job after the other
        const ran = await runMain(['run', task, ...command], { cwd, env })
        expect(ran.code).toBe(0)
        answers.push(/restored|unchanged|up to date/i.test(ran.stderr) ? 'hit' : 'ran')
      }
      return answers
    },
  }
}

import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fillIn, readComponent } from '../adapters/gitlab/component.ts'
import { runJob } from '../adapters/gitlab/run-job.ts'
import { openRig } from '../rig/rig.ts'
import type { Rig } from '../rig/rig.ts'
import { startTokenIssuer } from '../rig/start-token-issuer.ts'
import type { TokenIssuer } from '../rig/start-token-issuer.ts'
import { startVaultServer } from '../rig/start-vault-server.ts'
import type { VaultServer } from '../rig/start-vault-server.ts'

const AUDIENCE = 'https://cache.example.com'
const RUN = path.resolve(import.meta.dirname, '../../gitlab-templates/templates/run/template.yml')
const PROTECTED = { ref: 'main', ref_path: 'refs/heads/main', ref_protected: 'true' }
const TOPIC = { ref: 'topic', ref_path: 'refs/heads/topic', ref_protected: 'false' }

interface Place {
  readonly rig: Rig
  readonly server: VaultServer
  readonly issuer: TokenIssuer
}

/** Content of the one input, and what the job's token says besides. */
interface Job {
  readonly content: string
  readonly claims?: Readonly<Record<string, unknown>>
  /** The job says so; the token is what counts. */
  readonly variables?: Readonly<Record<string, string>>
}

test('jobs share what their tokens allow, whatever their variables say, and no secret is stored', async () => {
  await using rig = openRig({ 'src/a.txt': '' })
  await using issuer = await startTokenIssuer('https://gitlab.example.com')
  await using server = await startVaultServer({ config: issuersOf(issuer) })
  const place = { rig, server, issuer }

  const outcomes = {
    main: await runOnGitLab(place, { content: 'one', claims: PROTECTED }),
    mainAgain: await runOnGitLab(place, { content: 'one', claims: PROTECTED }),
    topicOfTheSame: await runOnGitLab(place, { content: 'one', claims: TOPIC }),
    topicOfItsOwn: await runOnGitLab(place, { content: 'two', claims: TOPIC }),
    topicAgain: await runOnGitLab(place, { content: 'two', claims: TOPIC }),
    mainAfterTopic: await runOnGitLab(place, { content: 'two', claims: PROTECTED }),
    liar: await runOnGitLab(place, {
      content: 'three',
      claims: TOPIC,
      variables: { CI_COMMIT_REF_PROTECTED: 'true', CI_COMMIT_BRANCH: 'main' },
    }),
    mainAfterLiar: await runOnGitLab(place, { content: 'three', claims: PROTECTED }),
    withoutToken: await runOnGitLab(place, { content: 'one' }),
  }

  expect(outcomes).toEqual({
    main: 'ran',
    mainAgain: 'hit',
    topicOfTheSame: 'hit',
    topicOfItsOwn: 'ran',
    topicAgain: 'hit',
    mainAfterTopic: 'ran',
    liar: 'ran',
    mainAfterLiar: 'ran',
    withoutToken: 'ran, with a warning',
  })
})

/** Runs the component's job on a machine that has seen nothing, and says what came of it. */
async function runOnGitLab({ rig, server, issuer }: Place, job: Job): Promise<string> {
  const root = mkdtempSync(path.join(tmpdir(), 'taskvault-gitlab-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const project = path.join(root, 'project')
  mkdirSync(project)
  cpSync(path.join(rig.project, 'src'), path.join(project, 'src'), { recursive: true })
  writeFileSync(path.join(project, 'src/a.txt'), job.content)
  const [component] = Object.values(
    fillIn(readComponent(RUN), {
      task: 'unit_tests',
      command: 'echo it ran',
      inputs: 'src/**',
      cli: path.join(path.dirname(rig.project), 'bin', 'taskvault'),
      remote: server.url,
      'cache-dir': path.join(root, 'cache'),
    }),
  )
  const token = job.claims === undefined ? '' : issuer.sign({ ...CLAIMS, ...job.claims })
  const environment = { GITLAB_CI: 'true', TASKVAULT_ID_TOKEN: token, ...job.variables }

  const { exitCode, output } = await runJob(component, {
    shell: ['sh', '-e'],
    project,
    environment,
  })

  expect(exitCode, output).toBe(0)
  expect(output).toContain('it ran')
  const warned = output.includes('warning:') ? ', with a warning' : ''
  return (output.includes('✓ unit_tests: nothing to restore') ? 'hit' : 'ran') + warned
}

/** What GitLab says of each of these jobs. */
const CLAIMS = {
  aud: AUDIENCE,
  sub: 'project_path:acme/shop',
  namespace_id: '65',
  namespace_path: 'acme',
  project_id: '74',
  project_path: 'acme/shop',
  job_project_id: '74',
  job_namespace_id: '65',
  pipeline_source: 'push',
  ref_type: 'branch',
  job_id: '1',
  user_id: '12',
}

function issuersOf({ issuer, jwksUrl }: TokenIssuer): string {
  return `issuers:
  - id: gitlab
    kind: gitlab
    issuer: ${issuer}
    jwks_url: ${jwksUrl}
    audience: ${AUDIENCE}
    admits: [{ owner: 65 }]
`
}

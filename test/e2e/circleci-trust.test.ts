import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { expandCommand } from '../adapters/circleci/expand-steps.ts'
import { readOrb } from '../adapters/circleci/orb.ts'
import { runSteps } from '../adapters/circleci/run-steps.ts'
import { readSnippets } from '../rig/read-snippets.ts'
import { openRig } from '../rig/rig.ts'
import { startTokenIssuer } from '../rig/start-token-issuer.ts'
import type { TokenIssuer } from '../rig/start-token-issuer.ts'
import { startVaultServer } from '../rig/start-vault-server.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const orb = readOrb(readFileSync(path.join(ROOT, 'orbs/taskvault/orb.yml'), 'utf8'))

interface Settings {
  readonly issuer: string
  readonly projects: Readonly<Record<string, { readonly origin: string }>>
}

/** As the page about trust has it. */
const SETTINGS = readSettings()
const ORGANISATION = SETTINGS.issuer.split('/').at(-1)
const [[PROJECT, { origin: ORIGIN }] = ['', { origin: '' }]] = Object.entries(SETTINGS.projects)

interface Place {
  readonly cli: string
  readonly url: string
  readonly issuer: TokenIssuer
}

/** Content of the one input, and what the job's token says besides. */
interface Job {
  readonly content: string
  readonly claims?: Readonly<Record<string, unknown>>
}

test('jobs share what the token that CircleCI gives them allows, with the settings of the page', async () => {
  await using rig = openRig()
  await using issuer = await startTokenIssuer(SETTINGS.issuer)
  const config = stringify({ issuers: [{ ...SETTINGS, jwks_url: issuer.jwksUrl }] })
  await using server = await startVaultServer({ config })
  const cli = path.join(path.dirname(rig.project), 'bin', 'taskvault')
  const place = { cli, url: server.url, issuer }

  const outcomes = {
    main: await runOnCircleCi(place, { content: 'one', claims: MAIN }),
    mainAgain: await runOnCircleCi(place, { content: 'one', claims: MAIN }),
    topicOfTheSame: await runOnCircleCi(place, { content: 'one', claims: TOPIC }),
    topicOfItsOwn: await runOnCircleCi(place, { content: 'two', claims: TOPIC }),
    mainAfterTopic: await runOnCircleCi(place, { content: 'two', claims: MAIN }),
    fork: await runOnCircleCi(place, { content: 'three', claims: FORK }),
    forkAgain: await runOnCircleCi(place, { content: 'three', claims: FORK }),
    withoutToken: await runOnCircleCi(place, { content: 'one' }),
  }

  expect(outcomes).toEqual({
    main: 'ran',
    mainAgain: 'hit',
    topicOfTheSame: 'hit',
    topicOfItsOwn: 'ran',
    mainAfterTopic: 'ran',
    fork: 'ran',
    forkAgain: 'ran',
    withoutToken: 'ran, with a warning',
  })
}, 180_000)

/** Runs the orb's command on a machine that has seen nothing, and says what came of it. */
async function runOnCircleCi({ cli, url, issuer }: Place, job: Job): Promise<string> {
  const root = mkdtempSync(path.join(tmpdir(), 'taskvault-circleci-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(path.join(root, 'src'))
  writeFileSync(path.join(root, 'src/a.txt'), job.content)
  const token = job.claims === undefined ? '' : issuer.sign({ ...CLAIMS, ...job.claims })
  const steps = expandCommand(orb, 'run_task', {
    task: 'unit_tests',
    command: 'echo it ran',
    inputs: 'src/**',
    remote: url,
    keep: false,
    cli,
  })

  const { exitCode, output } = await runSteps(steps, {
    project: root,
    environment: { CIRCLECI: 'true', CIRCLE_BRANCH: 'main', CIRCLE_OIDC_TOKEN_V2: token },
  })

  expect(exitCode, output).toBe(0)
  expect(output).toContain('it ran')
  const warned = output.includes('warning:') ? ', with a warning' : ''
  return (output.includes('✓ unit_tests: nothing to restore') ? 'hit' : 'ran') + warned
}

/** What CircleCI says of each of these jobs; the audience is the organisation, unless asked otherwise. */
const CLAIMS = {
  aud: ORGANISATION,
  sub: `org/${ORGANISATION}/project/${PROJECT}/user/1`,
  'oidc.circleci.com/project-id': PROJECT,
  'oidc.circleci.com/org-id': ORGANISATION,
  'oidc.circleci.com/vcs-origin': ORIGIN,
  'oidc.circleci.com/ssh-rerun': false,
}
const MAIN = { 'oidc.circleci.com/vcs-ref': 'refs/heads/main' }
const TOPIC = { 'oidc.circleci.com/vcs-ref': 'refs/heads/topic' }
const FORK = {
  'oidc.circleci.com/vcs-ref': 'refs/pull/7/head',
  'oidc.circleci.com/vcs-origin': 'github.com/somebody/shop',
}

function readSettings(): Settings {
  const page = readFileSync(path.join(ROOT, 'docs/trust.md'), 'utf8')
  const examples = readSnippets(page).filter(({ text }) => text.includes('kind: circleci'))
  const { issuers } = parse(examples[0]?.text ?? '') as { issuers: (Settings & { id: string })[] }
  const found = issuers.find(({ id }) => id === 'circleci')
  if (found === undefined) throw new Error('docs/trust.md shows no settings for CircleCI')
  return found
}

import type { Writer } from '@taskvault/core'
import type { Claims } from './claims.ts'

/** Claims that say which job it was, by what an entry's record calls them. */
const KEPT: readonly string[] = [
  'repository',
  'repository_id',
  'ref',
  'sha',
  'event_name',
  'run_id',
  'run_attempt',
  'job_workflow_ref',
  'runner_environment',
  'actor_id',
  'project_path',
  'project_id',
  'job_project_id',
  'pipeline_id',
  'pipeline_source',
  'job_id',
  'ref_path',
  'ci_config_ref_uri',
  'user_id',
  'project',
  'branch',
  'change_id',
]

const CIRCLECI = 'oidc.circleci.com/'

const MOST_CHARACTERS = 256

/** What records say of a job as their writer: no claim that is a secret, or longer than it is of use. */
export function writerOfJob(issuer: string, claims: Claims): Writer {
  const kept = Object.entries(claims)
    .filter(([name]) => KEPT.includes(name) || name.startsWith(CIRCLECI))
    .flatMap(([name, value]) => {
      const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
      return typeof text === 'string' && text !== ''
        ? [[name.replace(CIRCLECI, ''), text.slice(0, MOST_CHARACTERS)] as const]
        : []
    })
  const { sub } = claims
  const subject = typeof sub === 'string' ? sub.slice(0, MOST_CHARACTERS) : ''
  return { issuer, subject, claims: Object.fromEntries(kept) }
}

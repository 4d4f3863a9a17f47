import { parseYesOrNo } from '../model/yes-or-no.ts'
import { readGitHubEvent } from './github-event.ts'
import { findRow } from './platform-table.ts'
import type { IdToken, PlatformFacts, PlatformVariables } from './platform-table.ts'

/**
 * Reads what the CI system says about this job; outside CI, only the platform's name. The author of a job can set all of
 * it: use it for defaults and messages, never for authorisation.
 *
 * TASKVAULT_BRANCH, TASKVAULT_DEFAULT_BRANCH, TASKVAULT_BRANCH_IS_DEFAULT, TASKVAULT_FORK and TASKVAULT_ID_TOKEN
 * override what the CI system says, or supply it.
 * @param event GitHub's event document for the job; anything else counts as none.
 */
export function detectPlatform(env: PlatformVariables, event?: unknown): PlatformFacts {
  const read = (name: string): string | undefined => (env[name] === '' ? undefined : env[name])
  const row = findRow(read)
  const facts = row.describe(read, readGitHubEvent(event))
  const change = withFork(facts.change, parseYesOrNo(read('TASKVAULT_FORK')))
  const token = idTokenOf(read('TASKVAULT_ID_TOKEN')) ?? facts.token
  const branch = read('TASKVAULT_BRANCH') ?? facts.branch
  const isDefault = parseYesOrNo(read('TASKVAULT_BRANCH_IS_DEFAULT')) === true
  const defaultBranch =
    read('TASKVAULT_DEFAULT_BRANCH') ?? (isDefault ? branch : facts.defaultBranch)
  return withoutUndefined({
    ...facts,
    platform: row.platform,
    branch,
    defaultBranch,
    change,
    token,
  })
}

/** Whether the work belongs to a change from a fork; true when in doubt. */
export function isFromFork({ change }: PlatformFacts): boolean {
  return change?.isFromFork === true
}

function withFork(
  change: PlatformFacts['change'],
  said: boolean | undefined,
): PlatformFacts['change'] {
  if (said === undefined || (change === undefined && !said)) return change
  return { ...change, isFromFork: said }
}

function idTokenOf(value: string | undefined): IdToken | undefined {
  return value === undefined ? undefined : { kind: 'value', variable: 'TASKVAULT_ID_TOKEN', value }
}

/** An optional field is absent rather than undefined. */
function withoutUndefined(facts: LooseFacts): PlatformFacts {
  const entries = Object.entries(facts).filter(([, value]) => value !== undefined)
  // Only optional fields can have been undefined.
  return Object.fromEntries(entries) as unknown as PlatformFacts
}

type LooseFacts = { readonly [Field in keyof PlatformFacts]: PlatformFacts[Field] | undefined }

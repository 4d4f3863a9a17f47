import { LONGEST_TTL_SECONDS, TaskVaultError } from '@taskvault/core'
import type { ResolvedPolicy } from '@taskvault/core'
import type { Runner } from '../runner.ts'

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const
const DURATION = /^(?<count>[1-9]\d{0,8})(?<unit>[smhd]?)$/

/**
 * What the step itself says of how its results are kept, before any policy.
 * @throws {TaskVaultError} ARGUMENT_INVALID when it is no duration.
 */
export function readPolicyInputs({ input }: Runner): Partial<ResolvedPolicy> {
  const ttl = input('ttl')
  if (ttl === '') return {}
  const { count = 'none', unit = '' } = DURATION.exec(ttl)?.groups ?? {}
  const ttlSeconds = Number(count) * SECONDS[(unit || 's') as keyof typeof SECONDS]
  if (ttlSeconds <= LONGEST_TTL_SECONDS) return { ttlSeconds }
  throw new TaskVaultError('ARGUMENT_INVALID', `ttl is ${JSON.stringify(ttl)}`, {
    hint: 'Write a number of seconds, or one with m, h or d: 12h, 7d; a century at most.',
  })
}

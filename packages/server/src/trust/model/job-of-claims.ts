import type { Claims } from './claims.ts'

/*
 * Which claims name one job, by the claim that only tokens of that platform have. GitHub's tokens name
 * the job itself since 2025 only; without that, all jobs of a run count as one: too much is held
 * against an entry rather than too little.
 */
const NAMED_BY: Readonly<Record<string, readonly string[]>> = {
  run_id: ['repository_id', 'run_id', 'run_attempt', 'check_run_id'],
  job_id: ['project_id', 'job_id'],
}

/** Names the job of a token; undefined where nothing but the token itself does. */
export function jobOfToken(issuerId: string, claims: Claims): string | undefined {
  const names = Object.entries(NAMED_BY).find(([claim]) => typeof claims[claim] === 'string')?.[1]
  if (names === undefined) return undefined
  return JSON.stringify([issuerId, ...names.map((name) => claims[name] ?? null)])
}

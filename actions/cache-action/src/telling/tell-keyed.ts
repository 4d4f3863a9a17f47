import { keyOfName, nameOfKey, readCacheMode } from '@taskvault/core'
import type { HitOutcome, NamedKey, SaveTaskOutcome } from '@taskvault/core'
import type { HalfStep } from '../half-step.ts'
import { GITHUB_URL } from '../open-step-vault.ts'
import type { WrittenKey } from '../step-work.ts'
import type { Status } from './tell-outcome.ts'

/* What actions/cache says, in its very words: scripts look for them in logs. */

export interface LookUpOfKey extends WrittenKey {
  /** The key of what was found, as somebody has written it. */
  readonly matched: string
  readonly hit: HitOutcome | undefined
  readonly found: NamedKey | undefined
  readonly status: Status
}

/** The keys as people have written them. */
export function describeWritten(
  { key, place }: WrittenKey,
  matched: HitOutcome | NamedKey | undefined,
): { readonly primary: string; readonly matched: string } {
  if (matched === undefined) return { primary: key, matched: '' }
  const isHit = 'manifest' in matched
  const name = isHit ? matched.manifest.task : matched.task
  if (name === nameOfKey(place, key)) return { primary: key, matched: key }
  return { primary: key, matched: keyOfName(place, name, isHit ? matched.notes : undefined) }
}

const MIB = 1024 ** 2

export function tellLookUp({ runner, opened }: HalfStep, look: LookUpOfKey): void {
  const { key, restoreKeys, matched, hit, found, status } = look
  if (hit === undefined && found === undefined) {
    const { word, mayRead } = readCacheMode(opened.env)
    if (asksGithub(opened) && !mayRead) runner.say(notPermitted('restore', word, 'reads'))
    return runner.say(`Cache not found for input keys: ${[key, ...restoreKeys].join(', ')}`)
  }
  runner.say(
    status === 'exact' ? `Cache hit for: ${matched}` : `Cache hit for restore-key: ${matched}`,
  )
  if (hit === undefined) {
    runner.say('Lookup only - skipping download')
    return runner.say(`Cache found and can be restored from key: ${matched}`)
  }
  const { sizeBytes } = hit.manifest
  runner.say(`Cache Size: ~${Math.round(sizeBytes / MIB)} MB (${sizeBytes} B)`)
  runner.say('Cache restored successfully')
  runner.say(`Cache restored from key: ${matched}`)
}

const NOT_THERE =
  '[warning]Path Validation Error: Path(s) specified in the action for caching do(es) not exist, hence no cache is being saved.'

export function tellSavedKey(
  { runner, opened }: HalfStep,
  key: string,
  save: SaveTaskOutcome['save'],
): void {
  if (save.kind === 'not-saved') {
    if (save.because === 'restored')
      runner.say(`Cache hit occurred on the primary key ${key}, not saving cache.`)
    if (save.because === 'output-missing') runner.say(NOT_THERE)
  } else if (save.isUnchanged === true) {
    runner.say(`Cache hit occurred on the primary key ${key}, not saving cache.`)
  } else if (save.remote?.kind === 'known') {
    runner.say(
      `Failed to save: Unable to reserve cache with key ${key}, another job may be creating this cache.`,
    )
  } else if (save.remote?.kind === 'skipped') {
    const { word, mayWrite } = readCacheMode(opened.env)
    if (asksGithub(opened) && !mayWrite) return runner.say(notPermitted('save', word, 'writes'))
    const details = save.remote.because ?? 'another job may be creating this cache.'
    runner.say(`Failed to save: Unable to reserve cache with key ${key}. More details: ${details}`)
  } else if (save.remote === undefined || save.remote.kind === 'sent') {
    runner.say(`Cache saved with key: ${key}`)
  }
}

function asksGithub({ settings }: HalfStep['opened']): boolean {
  return settings.remote?.url === GITHUB_URL
}

function notPermitted(what: string, mode: string, use: string): string {
  return `Cache ${what} skipped: the effective cache-mode '${mode}' does not permit ${use}.`
}

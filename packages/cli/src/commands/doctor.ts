import { examineRemote, examineVault, isBroken } from '@taskvault/core'
import type { Examination, RemoteExamination, Vault, VaultEvent } from '@taskvault/core'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { EXIT } from '../exit-codes.ts'
import {
  describeAudit,
  describeFinding,
  describeRebuildCause,
  shorten,
} from '../render/findings.ts'
import { onOneLine } from '../render/one-line.ts'
import { formatBytes, formatCount } from '../render/quantities.ts'

interface Options {
  readonly repair?: boolean
}

type Rebuilt = Extract<VaultEvent, { kind: 'rebuilt' }>

/** One line of the report. */
interface Check {
  readonly state: 'good' | 'warning' | 'bad' | 'repaired'
  readonly subject: string
  readonly detail: string
}

export function registerDoctor(parent: Command, cli: Cli): void {
  parent
    .command('doctor')
    .description('Check the configuration, the vault and every byte in it')
    .option('--repair', 'repair what can be repaired, and drop the rest, to be stored again')
    .action(cli.action((options: Options) => examine(cli, options)))
}

async function examine(cli: Cli, { repair = false }: Options): Promise<number> {
  const settings = await cli.settings()
  let rebuilt: Rebuilt | undefined
  const vault = await cli.openVault((event) => {
    // An index that cannot be opened at all is rebuilt before anybody is asked.
    if (event.kind === 'rebuilt') rebuilt = event
    else cli.follow(event)
  })
  const examination = await examineVault(vault, { repair })
  const remote = await examineRemote(vault, { env: cli.host.env })
  cli.progress.end()
  const configuration: Check = {
    state: 'good',
    subject: 'configuration',
    detail: settings.configPath ?? 'none; the defaults apply',
  }
  const sections: readonly (readonly Check[])[] = [
    [configuration],
    checksOfDirectory(vault, examination),
    rebuilt === undefined ? [] : [checkOfRebuild(rebuilt)],
    checksOfStore(vault, examination, repair),
    checksOfAudit(examination),
    checksOfRemote(remote),
  ]
  const isLeft = isBroken(repair ? [] : examination.store.findings, examination.audit)
  cli.voice.answer({
    text: () =>
      sections
        .flatMap((checks) => shorten(checks.map((check) => renderCheck(cli, check))))
        .join('\n'),
    data: () => ({
      healthy: !isLeft,
      checks: sections.flat(),
      ...examination,
      remote: remote ?? null,
    }),
  })
  if (isLeft && !repair) cli.voice.remark('hint: Run `taskvault doctor --repair`.')
  return isLeft ? EXIT.damaged : EXIT.ok
}

function checksOfDirectory(vault: Vault, examination: Examination): readonly Check[] {
  const { freeBytes, isReadOnly, isWritableByOthers, sqliteVersion } = examination
  const directory = vault.settings.cacheDirectory
  return [
    {
      state: 'good',
      subject: 'cache directory',
      detail: `${directory}, ${formatBytes(freeBytes)} free`,
    },
    ...(isReadOnly
      ? [
          {
            state: 'warning',
            subject: 'cache directory',
            detail: 'not writable by this user: results are used, but none is saved',
          } as const,
        ]
      : []),
    ...(isWritableByOthers
      ? [
          {
            state: 'warning',
            subject: 'cache directory',
            detail: 'every user may write to it, and so control what is restored here',
          } as const,
        ]
      : []),
    { state: 'good', subject: 'hash algorithm', detail: vault.algorithm.name },
    { state: 'good', subject: 'SQLite', detail: sqliteVersion },
  ]
}

function checkOfRebuild({ entries, cause }: Rebuilt): Check {
  const detail = `${describeRebuildCause(cause)}, and was rebuilt from the blobs with ${formatCount(entries, 'entry', 'entries')}`
  return { state: 'repaired', subject: 'index', detail }
}

function checksOfStore(vault: Vault, { store }: Examination, repair: boolean): readonly Check[] {
  const { entries } = vault.stats()
  const { blobs, bytes, findings, restoredEntries } = store
  const summary = `${formatCount(entries, 'entry', 'entries')}, ${formatCount(blobs, 'blob', 'blobs')}, ${formatBytes(bytes)}`
  const found = findings.map((finding): Check => {
    const state = repair ? 'repaired' : finding.kind === 'file-unknown' ? 'warning' : 'bad'
    return { state, subject: 'store', detail: describeFinding(finding) }
  })
  const restored: Check = {
    state: 'repaired',
    subject: 'store',
    detail: `${formatCount(restoredEntries, 'entry', 'entries')} found again`,
  }
  return [
    { state: 'good', subject: 'store', detail: summary },
    ...found,
    ...(restoredEntries === 0 ? [] : [restored]),
  ]
}

function checksOfAudit({ audit, auditSetAside }: Examination): readonly Check[] {
  const now: Check = {
    state: audit.kind === 'sound' ? 'good' : 'bad',
    subject: 'audit log',
    detail: describeAudit(audit),
  }
  if (auditSetAside === undefined) return [now]
  const { found, files } = auditSetAside
  const kept = files.length === 0 ? 'nothing was left of it' : `kept as ${files.join(', ')}`
  const detail = `${describeAudit(found)}; ${kept}, and a new one was begun`
  return [{ state: 'repaired', subject: 'audit log', detail }, now]
}

/** Trouble there fails no task, and nothing here can mend it. */
function checksOfRemote(remote: RemoteExamination | undefined): readonly Check[] {
  if (remote === undefined) return []
  const { url, mode, trouble } = remote
  const detail = trouble === null ? `answers; ${mode}` : onOneLine(trouble)
  const state = trouble === null ? 'good' : 'warning'
  return [{ state, subject: 'remote store', detail: `${url}: ${detail}` }]
}

const MARKS = {
  good: ['✓', 'green'],
  warning: ['!', 'yellow'],
  bad: ['✗', 'red'],
  repaired: ['~', 'cyan'],
} as const

function renderCheck(cli: Cli, { state, subject, detail }: Check): string {
  const [mark, style] = MARKS[state]
  return `${cli.voice.style(style, mark)} ${subject}: ${detail}`
}

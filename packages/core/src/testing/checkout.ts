import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { RemoteSettings } from '../config/remote-settings.ts'
import type { VaultEvent } from '../model/events.ts'
import type { KeyedFingerprint } from '../model/fingerprint.ts'
import { parseTaskName } from '../model/task.ts'
import type { TaskName } from '../model/task.ts'
import { fingerprintContent } from '../vault/fingerprints/fingerprint-content.ts'
import { openVault } from '../vault/open-vault.ts'
import type { RemoteFallback } from '../vault/open-vault.ts'
import type { Miss, SavedEntry, SkippedSave, Vault } from '../vault/vault.ts'
import { SAMPLE_POLICY, sampleSettings } from './sample-settings.ts'

/** One machine's checkout of a project: its work tree, its local store, and a remote store. */
export interface Checkout extends AsyncDisposable {
  /** Absolute; holds `out` and `cache`. */
  readonly root: string
  readonly vault: Vault
  /** Everything that was reported. */
  readonly events: readonly VaultEvent[]
  /** Codes of the trouble that was reported. */
  readonly troubles: readonly string[]
  write(relativePath: string, content: string | Uint8Array): void
  /** Every file below `out`, and its bytes in base64. */
  outputs(): Readonly<Record<string, string>>
  /** Saves `out` under the key of some text. */
  save(input: string): Promise<SavedEntry | SkippedSave>
  /** Puts `out` back as it was saved under the key of some text. */
  restore(input: string): Promise<Miss | 'hit'>
  audit(): string
}

export interface CheckoutOptions {
  readonly url: string
  readonly remote?: Partial<RemoteSettings>
  readonly fallback?: RemoteFallback
  readonly env?: Readonly<Record<string, string>>
  /** Of another checkout, which then stands for another process there. */
  readonly root?: string
  /** Called with everything that is reported, at once. */
  readonly onEvent?: (event: VaultEvent) => void
}

export const TASK: TaskName = parseTaskName('build')

/** Opens a checkout of its own, with nothing in it. */
export async function openCheckout(options: CheckoutOptions): Promise<Checkout> {
  const root = options.root ?? mkdtempSync(join(tmpdir(), 'taskvault-checkout-'))
  const events: VaultEvent[] = []
  const vault = await openVault({
    settings: { ...sampleSettings(root), remote: remoteOf(options) },
    report(event) {
      events.push(event)
      options.onEvent?.(event)
    },
    env: options.env ?? {},
    fallback: options.fallback,
  })
  const targets = [{ declaredAs: 'out', absolutePath: join(root, 'out') }]
  return {
    root,
    vault,
    events,
    get troubles() {
      return events.flatMap((event) => (event.kind === 'trouble' ? [event.code] : []))
    },
    write(relativePath, content) {
      mkdirSync(dirname(join(root, relativePath)), { recursive: true })
      writeFileSync(join(root, relativePath), content)
    },
    outputs: () => readTree(join(root, 'out')),
    async save(input) {
      const request = { task: TASK, work: await workOf(vault, input), policy: SAMPLE_POLICY }
      return await vault.save({
        ...request,
        outputs: targets,
        exitCode: 0,
        durationMs: 1,
        origin: {},
      })
    },
    async restore(input) {
      const staged = await vault.stage({ task: TASK, work: await workOf(vault, input), targets })
      if (staged.kind === 'miss') return staged
      await using entry = staged
      await entry.apply()
      return 'hit'
    },
    audit: () => readFileSync(join(root, 'cache', 'audit.log'), 'utf8'),
    async [Symbol.asyncDispose]() {
      await vault[Symbol.asyncDispose]()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

function remoteOf({ url, remote }: CheckoutOptions): RemoteSettings {
  // More than a machine stands still: a store that does not answer is met with less.
  return { url, mode: 'read-write', publicKeys: [], timeoutSeconds: 30, ...remote }
}

/** What has been done is named by some text. */
export async function workOf(vault: Vault, input: string): Promise<KeyedFingerprint> {
  const { algorithm, statCache } = vault
  const content = Buffer.from(input)
  return await fingerprintContent({ task: TASK, content }, { algorithm, statCache, now: Date.now })
}

function readTree(directory: string): Readonly<Record<string, string>> {
  const items = readdirSync(directory, { recursive: true, withFileTypes: true })
  const files = items.filter((item) => item.isFile())
  return Object.fromEntries(
    files
      .map((file) => join(file.parentPath, file.name))
      .map((path) => [path.slice(directory.length + 1), readFileSync(path).toString('base64')]),
  )
}

import type { RemoteMode, RemoteSettings } from '../../config/remote-settings.ts'
import { asTaskVaultError } from '../../errors.ts'
import type { ErrorCode, TaskVaultError } from '../../errors.ts'
import type { OpenRemote } from '../../remote/open-remote.ts'
import type { RemoteStores } from '../../remote/remote-stores.ts'
import { recordError } from '../../store/entries/record-use.ts'
import type { Store } from '../../store/store.ts'
import { createRemotePause } from './remote-pause.ts'

export interface RemoteVaultOptions {
  readonly remote: RemoteSettings
  readonly store: Store
  readonly env: Readonly<Record<string, string | undefined>>
  /** What is used while this one does not answer, for people; undefined when that is nothing. */
  readonly insteadOfIt?: string | undefined
  /** What it stands in for: of its patience, as much is gone as was lost there. */
  readonly standsInFor?: Pick<SingleRemoteVault, 'lostMs'> | undefined
}

/**
 * The remote store as the use cases see it. Trouble with it is a warning, once, and never an exception;
 * from then on it is as if there were none.
 */
export interface RemoteVault extends AsyncDisposable {
  readonly mode: RemoteMode
  /**
   * Does something with the stores; undefined when there was trouble, or has been. What is refused to
   * `write` does not end `read`.
   */
  attempt<Result>(
    use: 'read' | 'write',
    work: (stores: RemoteStores) => Promise<Result>,
  ): Promise<Result | undefined>
}

export interface SingleRemoteVault extends RemoteVault {
  /** It did not answer, and is not asked any more. */
  readonly isSilent: boolean
  /** Milliseconds of waiting for it that led to nothing. */
  readonly lostMs: number
}

/** Of the patience with what stands in for another store, this much is there in any case. */
const LEAST_MS = 1_000

/** Nothing is loaded, and nobody asked, before the first attempt. */
export function createRemoteVault(options: RemoteVaultOptions): SingleRemoteVault {
  const { remote, store, insteadOfIt } = options
  const { report, now } = store
  const pause = createRemotePause(store.cacheDirectory, { url: remote.url, now })
  const refused = new Set<'read' | 'write'>()
  const told = new Set<ErrorCode>()
  let opening: Promise<OpenRemote> | undefined
  let opened: OpenRemote | undefined
  let isClosed = false
  let isSilent = false

  const isOver = (use: 'read' | 'write'): boolean => isSilent || refused.has(use)

  const giveUp = (use: 'read' | 'write', failure: TaskVaultError): void => {
    const { code, message, hint } = failure
    const isKnown = isOver(use) || told.has(code)
    told.add(code)
    if (code === 'REMOTE_UNAVAILABLE') {
      pause.begin()
      isSilent = true
    }
    // Who may not even read need not try to write.
    if (code === 'REMOTE_REFUSED') refused.add('write').add(use)
    if (isKnown) return
    const advice = code === 'REMOTE_REFUSED' && hint !== undefined ? `. ${hint}` : ''
    const isReplaced = isSilent && insteadOfIt !== undefined
    const how = isReplaced
      ? `with ${insteadOfIt} in place of the remote store`
      : 'without the remote store'
    const kind = isReplaced ? 'remote-replaced' : 'trouble'
    report({ kind, code, message: `Continuing ${how}: ${message}${advice}` })
    recordError(store, { operation: `remote_${use}`, error: failure })
  }

  return {
    mode: remote.mode,
    get isSilent() {
      return isSilent
    },
    get lostMs() {
      return opened?.lostMs ?? 0
    },
    async attempt(use, work) {
      if (isOver(use)) return undefined
      if (opening === undefined && pause.isOn()) {
        isSilent = true
        report({ kind: 'remote-paused', insteadOfIt })
        return undefined
      }
      try {
        opened = await (opening ??= openRemoteStores(options))
        return await work(opened)
      } catch (error) {
        // What was closed under it is no trouble, and no reason to leave it alone for a while.
        if (isClosed) return undefined
        giveUp(use, asTaskVaultError(error, 'use the remote store'))
        return undefined
      }
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      const stores = await opening?.catch(() => undefined)
      await stores?.[Symbol.asyncDispose]()
    },
  }
}

/**
 * The stores themselves, whose failures are the caller's. Nobody is asked before the first call.
 * @throws {TaskVaultError} ARGUMENT_INVALID, REMOTE_REFUSED as `openRemote` does.
 */
export async function openRemoteStores({
  remote,
  store,
  env,
  standsInFor,
}: RemoteVaultOptions): Promise<OpenRemote> {
  // Loaded here: a vault without a remote store has nothing to do with any of it.
  const [{ openRemote }, { createPatience }, { findToken, findJob }] = await Promise.all([
    import('../../remote/open-remote.ts'),
    import('../../remote/wrappers/patience.ts'),
    import('./find-token.ts'),
  ])
  const { url, mode, publicKeys, timeoutSeconds, ca, certificate, key } = remote
  const limitMs = timeoutSeconds * 1_000
  const leftMs = standsInFor && Math.max(limitMs - standsInFor.lostMs, LEAST_MS)
  return openRemote({
    url,
    mode,
    publicKeys,
    env,
    tls: { ca, certificate, key },
    patience: createPatience({ limitMs: leftMs ?? limitMs }),
    findToken: async (http, signal) => await findToken({ env, url, http, signal }),
    job: findJob(env),
    now: store.now,
  })
}

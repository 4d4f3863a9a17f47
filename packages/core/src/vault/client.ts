import { resolve } from 'node:path'
import { loadSettings } from '../config/load-settings.ts'
import { TaskVaultError } from '../errors.ts'
import type { TaskKey } from '../model/digest.ts'
import type { Report } from '../model/events.ts'
import { parseTaskName } from '../model/task.ts'
import { invalidate } from '../store/entries/invalidate.ts'
import type { StoreStatistics } from '../store/entries/statistics.ts'
import { bytesOf, checkArguments, checkClientOptions, checkRunOptions } from './client-arguments.ts'
import { runInVault } from './client-run.ts'
import type { ClientPlace, ClientRunOptions } from './client-run.ts'
import { createComputeOnce } from './compute-once.ts'
import { detectPlace } from './detect-place.ts'
import { fingerprintContent } from './fingerprints/fingerprint-content.ts'
import type { InputContent } from './fingerprints/fingerprint-content.ts'
import { openVault } from './open-vault.ts'
import type { RunOutcome } from './runs/run-contract.ts'
import { asPassedOver } from './runs/run-trouble.ts'
import type { Vault } from './vault.ts'

/** What a result depends on: a string, bytes, a stream of bytes, or the content at a path (a file or a directory). */
export type ClientInput = string | InputContent

/** The result to keep: a string, bytes, or a stream of bytes. */
export type ClientOutput = string | Uint8Array | AsyncIterable<Uint8Array>

/** `[bytes, true]` on a hit, `[undefined, false]` on a miss. */
export type CachedResult = readonly [Uint8Array, true] | readonly [undefined, false]

export interface ClientOptions {
  /** Called for every event. The client itself prints nothing. */
  readonly report?: Report
  /** Where the search for the configuration starts, and what relative paths are relative to. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * TaskVault for programs. Close it after use, or declare it with `await using`. Arguments that the types do not allow,
 * and calls after `close`, are refused with ARGUMENT_INVALID.
 */
export interface Client extends AsyncDisposable {
  /**
   * Saves a result under the task's name and the content of its input.
   * @returns the key.
   * @throws {TaskVaultError} ENTRY_TOO_LARGE when the result exceeds the policy's limit; DISK_FULL,
   * PERMISSION_DENIED, …
   */
  cacheResult(task: string, input: ClientInput, output: ClientOutput): Promise<TaskKey>
  /** Returns the result saved for this input, verified. Trouble with the cache is a miss. */
  getCachedResult(task: string, input: ClientInput): Promise<CachedResult>
  /**
   * Returns the result saved for this input. On a miss, calls `compute` and saves what it returns. Concurrent calls for
   * the same result compute it once: the others wait, and get `true`, as on a hit. If `compute` fails, all calls that
   * waited for it in this client fail, and the next call computes again; other processes that waited compute the result
   * themselves. A process that `compute` starts does not wait: if it asks for the same result, it computes it too.
   * A result that cannot be saved is returned all the same, and a `trouble` event says why.
   * @throws {TaskVaultError} ARGUMENT_INVALID when `compute` calls itself endlessly.
   */
  getCachedResult(
    task: string,
    input: ClientInput,
    compute: () => Uint8Array | Promise<Uint8Array>,
  ): Promise<readonly [Uint8Array, boolean]>
  /** Like `getCachedResult`, but streams the result, which may not fit into memory; undefined on a miss. */
  openCachedResult(task: string, input: ClientInput): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Removes all results of a task. @returns how many. */
  invalidateTask(task: string): Promise<number>
  getStats(): Promise<StoreStatistics>
  /**
   * Runs the task's command, or restores its outputs if the same work is already saved.
   * @throws {TaskVaultError} TASK_UNKNOWN, INPUT_MISSING, OUTPUT_FORBIDDEN, COMMAND_NOT_FOUND. Also throws the reason
   * of `options.signal`.
   */
  run(task: string, options?: ClientRunOptions): Promise<RunOutcome>
  close(): Promise<void>
}

/**
 * Opens the vault of the project that contains the current directory, or the one that the file at `configPath`
 * configures.
 * @throws {TaskVaultError} CONFIG_NOT_FOUND, CONFIG_INVALID, or what `openVault` throws.
 */
export async function createClient(
  configPath?: string,
  options: ClientOptions = {},
): Promise<Client> {
  if (configPath !== undefined) checkArguments({ configPath })
  checkClientOptions(options)
  const { cwd = process.cwd(), env = process.env, report } = options
  const settings = await loadSettings({ cwd, configPath, env })
  const vault = await openVault({ settings, env, ...(report !== undefined && { report }) })
  return createClientOf(vault, { cwd, env })
}

function createClientOf(vault: Vault, place: ClientPlace): Client {
  const { cwd, env } = place
  const computeOnce = createComputeOnce(vault)
  let isClosed = false
  const close = async (): Promise<void> => {
    isClosed = true
    await vault[Symbol.asyncDispose]()
  }
  const open = (): Vault => {
    if (!isClosed) return vault
    throw new TaskVaultError('ARGUMENT_INVALID', 'This client was closed', {
      hint: 'Close it only when you no longer need it, or create a new one.',
    })
  }

  async function getCachedResult(task: string, input: ClientInput): Promise<CachedResult>
  async function getCachedResult(
    task: string,
    input: ClientInput,
    compute: () => Uint8Array | Promise<Uint8Array>,
  ): Promise<readonly [Uint8Array, boolean]>
  async function getCachedResult(
    task: string,
    input: ClientInput,
    compute?: () => Uint8Array | Promise<Uint8Array>,
  ): Promise<CachedResult | readonly [Uint8Array, boolean]> {
    checkArguments({ task, input, ...(compute !== undefined && { compute }) })
    const request = await workOf(open(), task, inputFrom(cwd, input))
    const found = await open().readResult(request.task, request.work)
    if (found !== undefined) return [found, true]
    if (compute === undefined) return [undefined, false]
    return await computeOnce({
      ...request,
      isKept: detectPlace(request.task, { settings: vault.settings, env }).policy.write,
      async compute() {
        const result = await compute()
        checkArguments({ 'the result of compute': result })
        await keepUnlessTrouble(open(), { ...request, output: result, env })
        return result
      },
    })
  }

  return {
    getCachedResult,
    async cacheResult(task, input, output) {
      checkArguments({ task, input, output })
      const request = await workOf(open(), task, inputFrom(cwd, input))
      await keep(open(), { ...request, output, env })
      return request.work.key
    },
    async openCachedResult(task, input) {
      checkArguments({ task, input })
      const request = await workOf(open(), task, inputFrom(cwd, input))
      return await open().openResult(request.task, request.work)
    },
    async invalidateTask(task) {
      checkArguments({ task })
      return invalidate(open().store, { task: parseTaskName(task) })
    },
    getStats: async () => open().stats(),
    async run(task, options = {}) {
      checkArguments({ task })
      checkRunOptions(options)
      return await runInVault(open(), parseTaskName(task), { ...options, ...place })
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The same input; one that is named by a relative path lies below `cwd`. Standard input is at no path. */
function inputFrom(cwd: string, input: ClientInput): ClientInput {
  if (typeof input === 'string' || input instanceof Uint8Array || Symbol.asyncIterator in input)
    return input
  return ['', '-'].includes(input.path) ? input : { path: resolve(cwd, input.path) }
}

type Work = Awaited<ReturnType<typeof workOf>>

async function workOf(vault: Vault, name: string, input: ClientInput) {
  const task = parseTaskName(name)
  const content = bytesOf(input)
  const { algorithm, statCache } = vault
  const work = await fingerprintContent({ task, content }, { algorithm, statCache, now: Date.now })
  return { task, work }
}

interface Result extends Work {
  readonly output: ClientOutput
  readonly env: ClientPlace['env']
}

/** What was computed is there, and may have been expensive: that it cannot be kept is no reason to lose it. */
async function keepUnlessTrouble(vault: Vault, result: Result): Promise<void> {
  try {
    await keep(vault, result)
  } catch (error) {
    const { code, message } = asPassedOver(error)
    vault.store.report({ kind: 'trouble', code, message })
  }
}

async function keep(vault: Vault, request: Result): Promise<void> {
  const { task, work, output, env } = request
  const { origin, policy } = detectPlace(task, { settings: vault.settings, env })
  const saved = await vault.save({
    task,
    work,
    outputs: bytesOf(output),
    exitCode: 0,
    durationMs: 0,
    origin,
    policy,
  })
  if (saved.kind !== 'skipped' || saved.because !== 'too-large') return
  const limit = policy.maxSizeBytes ?? 0
  throw new TaskVaultError(
    'ENTRY_TOO_LARGE',
    `The result of ${task} has ${saved.sizeBytes} bytes, but its policy allows ${limit}`,
    { hint: `Raise max_size_bytes for ${task} under policies: in the configuration.` },
  )
}

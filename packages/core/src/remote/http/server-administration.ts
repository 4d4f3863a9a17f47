import { TaskVaultError } from '../../errors.ts'
import type { TaskName } from '../../model/task.ts'
import type { CallOptions } from '../blob-store.ts'
import type { HttpAnswer } from './http-client.ts'
import { parseListAnswer } from './native-answers.ts'
import { readJson } from './native-connection.ts'
import type { NativeConnection, NativeRequest } from './native-connection.ts'
import { explainRefusal, readRefusal } from './native-failures.ts'
import {
  parseCountAnswer,
  parseCreatedKeyAnswer,
  parseHistoryAnswer,
  parseKeysAnswer,
} from './server-answers.ts'
import type { EntryHistory, ServerKey } from './server-answers.ts'

/** Settings of a new API key; the server has defaults for all but the name. */
export interface NewServerKey {
  readonly name: string
  readonly role?: string
  /** `github:1234`. */
  readonly project?: string
  /** `own`, `nothing`, or level and ref: `protected:refs/heads/main`. */
  readonly writes?: string
  /** Branches whose protected entries it may read. */
  readonly reads?: readonly string[]
  /** Address ranges that it may be used from: `10.0.0.0/8`. */
  readonly addresses?: readonly string[]
  readonly expiresInDays?: number
}

/**
 * Administration of a TaskVault server.
 * @throws {TaskVaultError} ARGUMENT_INVALID, REMOTE_UNAVAILABLE, REMOTE_REFUSED or REMOTE_INVALID, from every call.
 */
export interface ServerAdministration {
  /** Explains where the entry with this id came from; undefined if there is none that the caller may see. */
  explainEntry(id: string, options?: CallOptions): Promise<EntryHistory | undefined>
  /** Returns the ids of entries whose key begins with `keyPrefix`, newest first, at most `limit`. */
  findEntries(keyPrefix: string, limit: number, options?: CallOptions): Promise<readonly string[]>
  /** Removes the entries of a task, or of keys with a prefix; returns how many. */
  invalidate(
    what: { readonly task: TaskName } | { readonly keyPrefix: string },
    options?: CallOptions,
  ): Promise<number>
  listKeys(options?: CallOptions): Promise<readonly ServerKey[]>
  /** `secret` is the key itself; it cannot be retrieved again. */
  createKey(
    key: NewServerKey,
    options?: CallOptions,
  ): Promise<{ readonly key: ServerKey; readonly secret: string }>
  /** Returns whether there was such a key that was not yet revoked. */
  revokeKey(id: string, options?: CallOptions): Promise<boolean>
}

export function createServerAdministration(connection: NativeConnection): ServerAdministration {
  /** The answer with one of these statuses; everything else is a refusal. */
  const ask = async (request: NativeRequest, ...statuses: number[]): Promise<HttpAnswer> => {
    const answer = await connection.send(request)
    if (statuses.includes(answer.status)) return answer
    const refusal = await readRefusal(answer)
    const { code, message, hint } = refusal
    // What somebody typed is wrong: they need not know that it was the server who saw it.
    if (code === 'ARGUMENT_INVALID')
      throw new TaskVaultError(code, message, { ...(hint !== undefined && { hint }) })
    throw explainRefusal(answer, refusal)
  }

  return {
    explainEntry: async (id, options) => {
      const path = `v1/entries/${encodeURIComponent(id)}/why`
      const answer = await ask({ method: 'GET', path, ...options }, 200, 404)
      if (answer.status === 200) return parseHistoryAnswer(await readJson(answer))
      return await notThere(answer)
    },
    findEntries: async (keyPrefix, limit, options) => {
      const path = `v1/entries?keyPrefix=${encodeURIComponent(keyPrefix)}&limit=${limit}`
      const answer = await ask({ method: 'GET', path, ...options }, 200)
      return parseListAnswer(await readJson(answer)).map(({ id }) => id)
    },
    invalidate: async (what, options) => {
      const request = { method: 'POST', path: 'v1/invalidate', json: what, ...options } as const
      return parseCountAnswer(await readJson(await ask(request, 200)))
    },
    listKeys: async (options) => {
      const answer = await ask({ method: 'GET', path: 'v1/keys', ...options }, 200)
      return parseKeysAnswer(await readJson(answer))
    },
    createKey: async (key, options) => {
      const answer = await ask({ method: 'POST', path: 'v1/keys', json: key, ...options }, 201)
      return parseCreatedKeyAnswer(await readJson(answer))
    },
    revokeKey: async (id, options) => {
      const path = `v1/keys/${encodeURIComponent(id)}`
      const answer = await ask({ method: 'DELETE', path, ...options }, 204, 404)
      if (answer.status === 404) return (await notThere(answer)) ?? false
      await answer.drop()
      return true
    },
  }
}

/** Of what is not there, our server says so; whatever else answers 404 is no server of ours. */
async function notThere(answer: HttpAnswer): Promise<undefined> {
  const refusal = await readRefusal(answer)
  if (refusal.code !== 'NOT_FOUND') throw explainRefusal(answer, refusal)
  return undefined
}

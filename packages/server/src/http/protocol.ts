import type { Engine } from '../engine/engine.ts'
import type { AuditReader } from '../tenants/audit-reader.ts'
import type { Tenants } from '../tenants/tenants.ts'
import type { Authenticator } from '../trust/authenticator.ts'
import type { Signer } from '../trust/signing-keys.ts'
import type { HttpApp } from './app.ts'
import type { RecentBlobs } from './bodies/recent-blobs.ts'
import type { RateLimits } from './callers/rate-limits.ts'
import type { HttpLimits } from './limits.ts'
import type { QuickQuestion } from './quick-answers.ts'

/** What a protocol's handlers work with. */
export interface ProtocolServices {
  /** Counts hits and misses under the protocol's name. */
  readonly engine: Engine
  /** The same, with nothing counted: for what is no lookup of a caller's, or a part of one. */
  readonly uncounted: Engine
  /** Counts one lookup that was made with `uncounted`. */
  countLookup(lookup: { readonly isHit: boolean; readonly task?: string }): void
  readonly authenticator: Authenticator
  readonly tenants: Tenants
  readonly audit: AuditReader
  /** Of a tenant: what signatures of records are verified with, newest first. */
  readonly publicKeys: Signer['publicKeys']
  readonly limits: HttpLimits
  readonly rates: RateLimits
  readonly recent: RecentBlobs
  /** Whether blobs travel between callers and the bucket, past the server. */
  readonly isDirect: boolean
  /** Where callers reach the server, when that is configured: `https://cache.example.com`. */
  readonly publicUrl: string | undefined
  now(): number
}

/** Other people's words for entries and blobs: a folder of route handlers over the engine, and nothing else. */
export interface Protocol {
  /** What metrics call it. */
  readonly name: string
  /** Adds the routes. Hooks, parsers and error handlers that are set here apply to these routes only. */
  register(app: HttpApp, services: ProtocolServices): void
  /** What plain GETs may ask for that is answered without the framework. */
  createQuickQuestions?(services: ProtocolServices): (path: string) => QuickQuestion | undefined
  /** What metrics may call the task of a namespace; undefined: it has none. */
  taskOf(namespace: string): string | undefined
}

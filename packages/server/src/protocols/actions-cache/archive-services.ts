import type { FastifyRequest } from 'fastify'
import type { Engine } from '../../engine/engine.ts'
import type { ProtocolServices } from '../../http/protocol.ts'
import { signAddress } from './signed-address.ts'
import type { Grant } from './signed-address.ts'
import type { UploadStore } from './temporary-entries.ts'

/** What the routes of this protocol work with. */
export interface ArchiveServices extends Omit<ProtocolServices, 'uncounted'>, UploadStore {
  /** With nothing counted: one lookup of a client's is several here, and pieces are no archives. */
  readonly engine: Engine
  /** Signs the addresses that clients send bytes to and fetch them from. */
  readonly secret: Uint8Array
}

/** Where archives are sent to and fetched from. Clients want two segments at least. */
export const TRANSFER_PATH = '/actions-cache/archives'

/** How long an address to fetch from can be used. */
const DOWNLOAD_MS = 60 * 60 * 1000

/** An address that its bearer may send an archive to, or fetch one from. */
export function addressOf(
  request: FastifyRequest,
  grant: Omit<Grant, 'expiresAtMs'>,
  { publicUrl, secret, now }: ArchiveServices,
): string {
  const expiresAtMs = now() + DOWNLOAD_MS
  const signature = signAddress({ ...grant, expiresAtMs }, secret)
  const base = publicUrl ?? `${request.protocol}://${request.host}`
  return `${base.replace(/\/+$/, '')}${TRANSFER_PATH}/${grant.id}?sig=${signature}`
}

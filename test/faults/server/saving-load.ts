import { randomBytes } from 'node:crypto'
import { isTaskVaultError } from '@taskvault/core'
import type { BlobName } from '@taskvault/core'
import { MAINTAINER, draftOf, sampleBlob, send } from './engine-parts.ts'
import type { Engine } from './engine-parts.ts'

/** An entry whose publication was acknowledged. */
export interface Acknowledged {
  readonly key: string
  readonly id: string
  readonly blobs: readonly BlobName[]
}

export interface Load {
  readonly engine: Engine
  readonly writers: number
  readonly onAcknowledged: (entry: Acknowledged) => void
  /** What was refused, by code; it was not acknowledged, and may or may not have come to be. */
  readonly onRefused: (code: string) => void
  readonly isOver: () => boolean
}

/** Writers that save as fast as they can, each entry with blobs of its own. Other failures are thrown. */
export async function runLoad(load: Load): Promise<void> {
  await Promise.all(
    Array.from({ length: load.writers }, async () => {
      while (!load.isOver()) await saveOne(load)
    }),
  )
}

async function saveOne({ engine, onAcknowledged, onRefused }: Load): Promise<void> {
  const key = randomBytes(12).toString('hex')
  const blobs = [sampleBlob(randomBytes(2_000)), sampleBlob(randomBytes(200))]
  try {
    for (const blob of blobs) await send(engine, MAINTAINER, blob)
    const publication = await engine.publish(MAINTAINER, draftOf(key, blobs))
    if (publication.kind === 'published') {
      const names = blobs.map(({ name }) => name)
      onAcknowledged({ key, id: publication.entry.id, blobs: names })
    }
  } catch (error) {
    if (!isTaskVaultError(error)) throw error
    onRefused(error.code)
  }
}

import {
  MAINTAINER,
  findMiscounts,
  place,
  readBlob,
  sampleBlob,
  verifyAudit,
} from './engine-parts.ts'
import type { OpenParts } from './open-parts.ts'
import type { Acknowledged } from './saving-load.ts'

/** Longer than uploads, leases and reservations last. */
const LONG_MS = 30 * 86_400_000

/**
 * What was acknowledged and is not there any more, byte for byte; and what else is not as it must be:
 * counts, the audit log, objects that belong to nothing. One sentence each.
 */
export async function findLosses(
  parts: OpenParts,
  acknowledged: readonly Acknowledged[],
): Promise<readonly string[]> {
  const { engine, opened } = parts
  const faults: string[] = []
  for (const { key, id, blobs } of acknowledged) {
    const entry = await engine.find(MAINTAINER, place(key))
    if (entry?.id !== id) faults.push(`the acknowledged entry ${key} is not there`)
    for (const name of blobs) {
      const content = await readBlob(engine, MAINTAINER, { name, sizeBytes: 0 })
      const isRight = content !== undefined && sampleBlob(content).name === name
      if (!isRight) faults.push(`blob ${name} of the acknowledged entry ${key} is not there`)
    }
  }
  faults.push(...(await findMiscounts(opened.database)).map((row) => `counted wrongly: ${row}`))
  const { brokenAt } = await verifyAudit(opened.database, 'default')
  if (brokenAt !== undefined) faults.push(`the audit log is broken at line ${brokenAt}`)
  return faults
}

/** After all leases are over: objects on disk that no row knows of, and rows without their object. */
export async function findOrphans(parts: OpenParts): Promise<readonly string[]> {
  const { engine, opened, objects, advance } = parts
  advance(LONG_MS)
  await engine.collect()
  const rows = await opened.database.selectFrom('blobs').select('object_key').execute()
  const known = new Set(rows.map((row) => row.object_key))
  const present = new Set<string>()
  for await (const { key } of objects.list('default/')) present.add(key)
  return [
    ...[...present]
      .filter((key) => !known.has(key))
      .map((key) => `object ${key} belongs to nothing`),
    ...[...known].filter((key) => !present.has(key)).map((key) => `object ${key} is not there`),
  ]
}

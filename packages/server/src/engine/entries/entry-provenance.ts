import type { Database } from '../../database/schema.ts'
import { authorize } from '../../trust/model/roles.ts'
import type { Principal } from '../../trust/principal.ts'
import type { EngineContext } from '../engine-context.ts'
import type { Provenance, StoredEntry } from '../engine.ts'
import { inChunks } from '../in-chunks.ts'
import { readEntry } from './entry-rows.ts'
import { findVisible } from './list-entries.ts'

/** More are not told of. */
const MOST_ENTRIES = 5_000

/** Nor of more than this makes, since an entry alone can be a megabyte. */
const MOST_BYTES = 16 * 1024 ** 2
const AT_ONCE = 16

/** Every build of a branch can have restored the one before it. Deeper than this, JSON breaks off. */
const MOST_STEPS = 200

/**
 * As `Engine.why`. An entry that was restored along several ways is told of in full the first time, and
 * without what it came from after that; so is one that lies too far back.
 */
export async function readProvenance(
  { database }: EngineContext,
  who: Principal,
  id: string,
): Promise<Provenance | undefined> {
  authorize(who, 'entries:why')
  const found = await readAncestors(database, who, id)
  const told = new Set<string>()
  const tell = (entry: StoredEntry, steps: number): Provenance => {
    if (told.has(entry.id) || steps === MOST_STEPS) return { entry, restored: [] }
    told.add(entry.id)
    const restored = entry.restored
      .map((each) => found.get(each))
      .filter((each) => each !== undefined)
    return { entry, restored: restored.map((each) => tell(each, steps + 1)) }
  }
  const entry = found.get(id)
  return entry === undefined ? undefined : tell(entry, 0)
}

async function readAncestors(
  database: Database,
  who: Principal,
  id: string,
): Promise<ReadonlyMap<string, StoredEntry>> {
  const found = new Map<string, StoredEntry>()
  const next: string[] = [id]
  const named = new Set(next)
  let bytes = 0
  while (next.length > 0 && found.size < MOST_ENTRIES && bytes < MOST_BYTES) {
    const part = next.splice(0, AT_ONCE)
    const rows = await inChunks(part, async (ids) => await findVisible(database, who, ids))
    bytes += rows.reduce((sum, { blobs, restored }) => sum + blobs.length + restored.length, 0)
    const entries = rows.map(readEntry)
    for (const entry of entries) found.set(entry.id, entry)
    for (const parent of entries.flatMap(({ restored }) => restored)) {
      if (!named.has(parent)) next.push(parent)
      named.add(parent)
    }
  }
  return found
}

import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Patch } from '../patch-source.ts'
import { runPatched } from '../run-patched.ts'
import { inDirectory } from '../suite.ts'
import { DEFENCES, HOLDS } from './defences.ts'

const change = (file: string, find: string, replace: string): Patch => ({ file, find, replace })
const without = (file: string, find: string): Patch => change(file, find, '')

/** Each defence of the engine, and the change that takes it away. */
const CONTROLS: Readonly<Record<string, readonly Patch[]>> = {
  scopes: [
    change('engine/entries/live-entry.ts', "        'in',\n", "        'is not',\n"),
    change('engine/entries/live-entry.ts', "Array.from({ length: scopes }, () => '')", "''"),
    change('engine/entries/live-entry.ts', '...scopes, namespace', "'none', namespace"),
    change(
      'engine/entries/find-entry.ts',
      'scopes.find((name) => byScope.has(name))',
      'rows[0]?.scope',
    ),
  ],
  'less trusted scopes': [
    change('engine/visible-scopes.ts', 'who.writes === undefined ? 0 : trustOf(who.writes)', '0'),
  ],
  tenants: [change('engine/entries/live-entry.ts', "'tenant_id', '='", "'tenant_id', '!='")],
  'blobs of tenants': [without('engine/blobs/blob-rows.ts', ".where('tenant_id', '=', tenantId)")],
  'write-once': [
    change('engine/entries/publish-entry.ts', 'if (known !== undefined)', 'if (known === null)'),
    change(
      'migrations/0001-engine.ts',
      'create unique index entries_live',
      'create index entries_live',
    ),
  ],
  'publish needs blobs': [
    change(
      'engine/entries/publish-entry.ts',
      'if (blobs.missing.length > 0)',
      'if (blobs.missing.length < 0)',
    ),
  ],
  'verified uploads': [
    change(
      'engine/blobs/store-blob.ts',
      'return verifiedPieces(bytes, expected())',
      'return bytes',
    ),
  ],
  leases: [change('engine/entries/remove-entries.ts', 'atLeast(nowMs + leaseMs)', 'atLeast(0)')],
  'less trusted floods': [
    change('engine/make-room.ts', 'victim.trust > trustOf(scope)', 'victim.trust > 99'),
    change('engine/scopes.ts', ".orderBy('trust')", ".orderBy('trust', 'desc')"),
  ],
  taint: [
    change(
      'engine/entries/publish-entry.ts',
      'if (tainted === undefined)',
      'if (tainted !== null)',
    ),
  ],
  audit: [change('model/audit-line.ts', 'return hash(previous + body)', "return hash('')")],
}

test('every defence of the engine holds, and has a control', async () => {
  const outcomes = await attack(Object.keys(DEFENCES))

  expect(Object.entries(outcomes).filter(([, outcome]) => outcome !== HOLDS)).toEqual([])
  expect(Object.keys(CONTROLS).toSorted()).toEqual(Object.keys(DEFENCES).toSorted())
})

test.each(Object.entries(CONTROLS))(
  'without it, the attack on %j succeeds',
  async (name, patches) => {
    const outcomes = await attack([name], patches)

    expect(outcomes[name]).not.toBe(HOLDS)
  },
)

async function attack(
  names: readonly string[],
  patches: readonly Patch[] = [],
): Promise<Readonly<Record<string, string>>> {
  const module = join(import.meta.dirname, 'defence-worker.ts')
  return await inDirectory(
    async (root) => await runPatched({ module, options: { root, names }, patches }),
  )
}

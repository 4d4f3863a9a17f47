import { expect, test } from 'vitest'
import { parseManifest } from './manifest.ts'
import { parseEntryRecord } from './parse-entry-record.ts'

const DIGEST = 'ab'.repeat(32)
const COMMON = {
  task: 'unit_tests',
  key: DIGEST,
  scope: 'local',
  createdAtMs: 1,
  exitCode: 0,
  durationMs: 0.5,
  origin: {},
  sizeBytes: 1,
  fileCount: 1,
}
const MANIFEST = { ...COMMON, outputs: [], blobs: [] }
const BLOB = { name: `blake3-${DIGEST}`, sizeBytes: 1 }
const RECORD = { ...COMMON, id: '1', manifest: BLOB, packs: [], restored: [] }

test('numbers that are none, and times that no date can be made of, are refused', () => {
  const manifests = ['"createdAtMs":1e300', '"sizeBytes":1e999', '"durationMs":1e999']
  for (const wrong of manifests) {
    const text = JSON.stringify(MANIFEST).replace(/}$/, `,${wrong}}`)
    expect(() => parseManifest(text)).toThrow(expect.objectContaining({ code: 'ENTRY_DAMAGED' }))
  }
  const records = [{ createdAtMs: 9e15 }, { durationMs: Number.POSITIVE_INFINITY }]
  for (const wrong of records) {
    expect(() => parseEntryRecord({ ...RECORD, ...wrong })).toThrow(
      expect.objectContaining({ code: 'REMOTE_INVALID' }),
    )
  }
  expect(parseManifest(JSON.stringify(MANIFEST))).toMatchObject(COMMON)
  expect(parseEntryRecord(RECORD)).toMatchObject(COMMON)
})

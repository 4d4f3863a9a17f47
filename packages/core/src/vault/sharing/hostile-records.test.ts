import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { BlobName } from '../../model/blob-name.ts'
import { blobObjectKey } from '../../remote/objects/object-layout.ts'
import { sampleBytes } from '../../testing/sample-blobs.ts'
import { createSharedFolder, useSharing } from '../../testing/use-checkout.ts'

/*
 * Somebody who can write to a shared folder changes what lies there. Whatever they do, it is a miss: no
 * exception, nothing in the work tree, and the next save of the checkout is as good as ever.
 */

type Fields = Record<string, unknown>

const CHANGES: readonly (readonly [string, (record: Fields, other: Fields) => unknown])[] = [
  ['is no JSON', () => 'not JSON'],
  ['has no fields', () => ({})],
  ['is of another task', (record) => ({ ...record, task: 'deploy' })],
  ['is of another key', (record, other) => ({ ...record, key: other['key'] })],
  [
    'names the manifest of another key',
    (record, other) => ({ ...record, manifest: other['manifest'], packs: other['packs'] }),
  ],
  ['needs fewer packs than its manifest', (record) => ({ ...record, packs: [] })],
  [
    'needs a pack that is not there',
    (record) => ({ ...record, packs: [{ name: `blake3-${'ab'.repeat(32)}`, sizeBytes: 5 }] }),
  ],
  [
    'says another size',
    (record) => ({ ...record, manifest: { ...(record['manifest'] as Fields), sizeBytes: 5 } }),
  ],
  [
    'promises more than any store holds',
    (record) => ({ ...record, packs: [{ name: `blake3-${'ab'.repeat(32)}`, sizeBytes: 2 ** 50 }] }),
  ],
  [
    'names blobs as no blob is named',
    (record) => ({ ...record, packs: [{ name: '../../../etc/passwd', sizeBytes: 5 }] }),
  ],
  [
    'is of an algorithm that nobody knows',
    (record) => ({ ...record, packs: [{ name: `crc-${'ab'.repeat(32)}`, sizeBytes: 5 }] }),
  ],
  [
    'takes its manifest for a pack',
    (record) => ({ ...record, packs: [record['manifest'], record['manifest']] }),
  ],
  [
    'takes a pack for its manifest',
    (record) => ({ ...record, manifest: (record['packs'] as unknown[])[0] }),
  ],
  ['has expired', (record) => ({ ...record, expiresAtMs: 1 })],
]

test.each(CHANGES)('a record that %s is a miss', async (_, change) => {
  const share = createSharedFolder()
  const [one, victim] = [await useSharing(share), await useSharing(share)]
  one.write('out/a', sampleBytes(200_000))
  await one.save('input')
  one.write('out/a', sampleBytes(200_000, 2))
  await one.save('another input')
  const [record, other] = readRecords(share)
  rewrite(record, change(record.fields, other.fields))

  const restored = await victim.restore('input')
  const untouched = readdirSync(victim.root)
  victim.write('out/a', 'work of its own')
  const saved = await victim.save('input')
  const again = await victim.restore('input')

  expect(restored).toMatchObject({ kind: 'miss' })
  expect(untouched).not.toContain('out')
  expect(saved).toMatchObject({ kind: 'saved' })
  expect(again).toBe('hit')
  expect(Buffer.from(victim.outputs()['a'] ?? '', 'base64').toString()).toBe('work of its own')
})

test('unchanged, the record is a hit (control)', async () => {
  const share = createSharedFolder()
  const [one, victim] = [await useSharing(share), await useSharing(share)]
  one.write('out/a', sampleBytes(200_000))
  await one.save('input')
  const [record] = readRecords(share)
  rewrite(record, record.fields)

  expect(await victim.restore('input')).toBe('hit')
})

test('what is damaged in the remote store is the reason of the miss, then and for a while', async () => {
  const share = createSharedFolder()
  const [one, victim] = [await useSharing(share), await useSharing(share)]
  one.write('out/a', sampleBytes(200_000))
  await one.save('input')
  const [{ fields }] = readRecords(share)
  const [pack] = fields['packs'] as readonly [{ readonly name: BlobName }]
  flipBit(join(share, blobObjectKey(pack.name)))

  const first = await victim.restore('input')
  const second = await victim.restore('input')

  const reasons = [{ kind: 'damaged', detail: expect.any(String) as string }]
  expect(first).toMatchObject({ kind: 'miss', reasons })
  expect(second).toMatchObject({ kind: 'miss', reasons })
})

/** Flips a bit in the middle of the file. */
function flipBit(path: string): void {
  const bytes = readFileSync(path)
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  rmSync(path)
  writeFileSync(path, bytes)
}

interface RecordFile {
  readonly path: string
  readonly fields: Fields
}

/** The record of `input` first. */
function readRecords(share: string): readonly [RecordFile, RecordFile] {
  const directory = join(share, 'v1', 'entries', 'build')
  const records = readdirSync(directory)
    .map((name) => join(directory, name))
    .map((path) => ({ path, fields: JSON.parse(readFileSync(path, 'utf8')) as Fields }))
    .toSorted(
      (left, right) => Number(left.fields['createdAtMs']) - Number(right.fields['createdAtMs']),
    )
  const [first, second = first] = records
  if (first === undefined || second === undefined) throw new Error('nothing was saved')
  return [first, second]
}

function rewrite({ path }: RecordFile, content: unknown): void {
  rmSync(path)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
}

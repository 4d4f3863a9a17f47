import { describe, expect, test } from 'vitest'
import type { EntryDraft } from '../model/entry-record.ts'
import { parseTaskName } from '../model/task.ts'
import type { BlobStore } from '../remote/blob-store.ts'
import type { EntryStore } from '../remote/entry-store.ts'
import { sampleBlob, sampleDraft, sampleKey } from './sample-blobs.ts'

/** An entry store, and the blob store that its entries need. */
export interface OpenStores {
  readonly blobs: BlobStore
  readonly entries: EntryStore
}

/** What a store does not do that all others do. */
export interface EntryStoreLimits {
  /** `newest`: a list is never longer than one entry. */
  readonly lists?: 'newest'
}

/** What `EntryStore` promises. @param open gives stores that others may use, too. */
export function describeEntryStore(
  name: string,
  open: () => Promise<OpenStores>,
  limits: EntryStoreLimits = {},
): void {
  if (limits.lists === undefined) describeLists(name, open)
  describe(`an entry store: ${name}`, () => {
    test('finds what was published, as it was published', async () => {
      const { blobs, entries } = await open()
      const draft = await sampleDraft(blobs, { expiresAtMs: Date.now() + 3_600_000 })

      const published = await entries.publish(draft)

      expect(published).toMatchObject({ kind: 'published', record: draft })
      const found = await entries.find(draft.task, draft.key)
      expect(found).toMatchObject(draft)
      expect(Math.abs((found?.createdAtMs ?? 0) - Date.now())).toBeLessThan(60_000)
    })

    test('what is not there is undefined', async () => {
      const { blobs, entries } = await open()
      const draft = await sampleDraft(blobs)
      await entries.publish(draft)

      expect(await entries.find(draft.task, await sampleKey())).toBeUndefined()
      expect(await entries.find(parseTaskName('other'), draft.key)).toBeUndefined()
    })

    test('takes every name that a task can have', async () => {
      const { blobs, entries } = await open()
      const names = [
        'a/b',
        '..',
        'Tests',
        'tests',
        'ünïcödé',
        '%2e%2e',
        'a:b?c#d=e&f',
        'x'.repeat(200),
      ]
      const key = await sampleKey()
      for (const task of names.map(parseTaskName))
        await entries.publish(await sampleDraft(blobs, { task, key }))

      for (const task of names.map(parseTaskName))
        expect((await entries.find(task, key))?.task).toBe(task)
    })

    test('refuses an entry until all of its blobs are there', async () => {
      const { blobs, entries } = await open()
      const absent = await sampleBlob(100)
      const draft = await sampleDraft(blobs)
      const { packs } = draft
      const wanting = { ...draft, packs: [...packs, { name: absent.name, sizeBytes: 100 }] }

      const refused = await entries.publish(wanting)
      const before = await entries.find(draft.task, draft.key)
      await blobs.put(absent)
      const accepted = await entries.publish(wanting)

      expect(refused).toEqual({ kind: 'blobs-missing', names: [absent.name] })
      expect(before).toBeUndefined()
      expect(accepted.kind).toBe('published')
    })

    test('the first entry of a key stays', async () => {
      const { blobs, entries } = await open()
      const first = await sampleDraft(blobs)
      const second = await sampleDraft(blobs, { key: first.key })
      await entries.publish(first)

      const same = await entries.publish(first)
      const other = await entries.publish(second)

      expect(same).toMatchObject({ kind: 'known', isSame: true, record: first })
      expect(other).toMatchObject({ kind: 'known', isSame: false, record: first })
      expect(await entries.find(first.task, first.key)).toMatchObject(first)
    })

    test('an entry that is there needs no blobs of another', async () => {
      const { blobs, entries } = await open()
      const first = await sampleDraft(blobs)
      await entries.publish(first)
      const absent = await sampleBlob(100)

      const manifest = { name: absent.name, sizeBytes: absent.sizeBytes }
      const outcome = await entries.publish({ ...first, manifest })

      expect(outcome).toMatchObject({ kind: 'known', isSame: false })
    })

    test('of many writers at once exactly one has published', async () => {
      const { blobs, entries } = await open()
      const key = await sampleKey()
      const drafts: EntryDraft[] = []
      for (let writer = 0; writer < 6; writer += 1) drafts.push(await sampleDraft(blobs, { key }))

      const outcomes = await Promise.all(drafts.map(async (draft) => await entries.publish(draft)))

      const winners = drafts.filter((_, index) => outcomes[index]?.kind === 'published')
      expect(winners).toHaveLength(1)
      expect(outcomes.filter(({ kind }) => kind === 'known')).toHaveLength(5)
      expect(await entries.find(drafts[0]!.task, key)).toMatchObject(winners[0]!)
    })

    test('what is removed is gone, and its key is free', async () => {
      const { blobs, entries } = await open()
      const draft = await sampleDraft(blobs)
      const published = await entries.publish(draft)
      if (published.kind !== 'published') throw new Error('it was not published')

      expect(await entries.remove(published.record)).toBe(true)
      expect(await entries.find(draft.task, draft.key)).toBeUndefined()
      expect(await entries.remove(published.record)).toBe(false)
      const again = await sampleDraft(blobs, { key: draft.key })
      expect((await entries.publish(again)).kind).toBe('published')
    })

    test('finds keys by how they begin', async () => {
      const { blobs, entries } = await open()
      const draft = await sampleDraft(blobs)
      await entries.publish(draft)

      const keyPrefix = draft.key.slice(0, 20)
      const found = await entries.list({ keyPrefix, limit: 10 })

      expect(found).toHaveLength(1)
      expect(found[0]).toMatchObject(draft)
      expect(await entries.list({ task: parseTaskName('other'), keyPrefix, limit: 1 })).toEqual([])
    })

    test('finds the newest of the tasks whose names begin alike', async () => {
      const { blobs, entries } = await open()
      const place = `Alike/${await sampleKey()}`.slice(0, 40)
      const long = 'x'.repeat(140)
      const drafts: EntryDraft[] = []
      for (const task of ['Linux-1', 'Linux-2', 'linux-3', `${long}1`]) {
        const draft = await sampleDraft(blobs, { task: parseTaskName(place + task) })
        drafts.push(draft)
        await entries.publish(draft)
        // Stores tell times apart by milliseconds.
        await new Promise((resolve) => setTimeout(resolve, 5))
      }

      const newestOf = async (beginning: string): Promise<string | undefined> => {
        const found = await entries.list({ taskPrefix: place + beginning, limit: 1 })
        return found[0]?.key
      }

      const [first, second, third, fourth] = drafts.map(({ key }) => key)
      const found = await Promise.all(['Linux-', 'Linux-1', 'l', 'xxx', 'X', long].map(newestOf))
      expect(found).toEqual([second, first, third, fourth, undefined, fourth])
    })

    test('does not find what has expired, and its key is free', async () => {
      const { blobs, entries } = await open()
      const draft = await sampleDraft(blobs, { expiresAtMs: Date.now() + 300 })
      await entries.publish(draft)

      await expect
        .poll(async () => await entries.find(draft.task, draft.key), { timeout: 30_000 })
        .toBeUndefined()

      const again = await sampleDraft(blobs, { key: draft.key })
      expect((await entries.publish(again)).kind).toBe('published')
    })

    test('ends with the reason of a signal', async () => {
      const { entries } = await open()
      const reason = new Error('stopped by the test')
      const signal = AbortSignal.abort(reason)
      const task = parseTaskName('any')

      await expect(entries.find(task, await sampleKey(), { signal })).rejects.toBe(reason)
      await expect(entries.list({ task, limit: 1 }, { signal })).rejects.toBe(reason)
    })
  })
}

function describeLists(name: string, open: () => Promise<OpenStores>): void {
  describe(`lists of an entry store: ${name}`, () => {
    test('lists a task, newest first, page by page', async () => {
      const { blobs, entries } = await open()
      const task = parseTaskName(`listed-${await sampleKey()}`)
      const drafts = await publishSome({ blobs, entries }, task)

      const all = await entries.list({ task, limit: 100 })
      const first = await entries.list({ task, limit: 2 })
      const second = await entries.list({ task, limit: 2, after: first[1]!.id })

      const keys = drafts.map(({ key }) => key)
      expect(all.map(({ key }) => key)).toEqual(keys)
      expect(first.map(({ key }) => key)).toEqual(keys.slice(0, 2))
      expect(second.map(({ key }) => key)).toEqual(keys.slice(2, 4))
    })

    test('leaves nothing out when what a page ended with is removed before the next', async () => {
      const { blobs, entries } = await open()
      const task = parseTaskName(`listed-${await sampleKey()}`)
      const keys = (await publishSome({ blobs, entries }, task)).map(({ key }) => key)

      const first = await entries.list({ task, limit: 2 })
      await entries.remove(first[1]!)
      const rest = await entries.list({ task, limit: 100, after: first[1]!.id })

      expect(rest.map(({ key }) => key)).toEqual(expect.arrayContaining(keys.slice(2)))
    })
  })
}

/** Five entries of a task; newest first. */
async function publishSome(
  { blobs, entries }: OpenStores,
  task: EntryDraft['task'],
): Promise<readonly EntryDraft[]> {
  const drafts: EntryDraft[] = []
  for (let index = 0; index < 5; index += 1) {
    const draft = await sampleDraft(blobs, { task })
    await entries.publish(draft)
    drafts.unshift(draft)
    // Stores tell times apart by milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return drafts
}

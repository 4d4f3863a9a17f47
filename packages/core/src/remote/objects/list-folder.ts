import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asTaskVaultError, systemErrorCode } from '../../errors.ts'
import type { CallOptions } from '../blob-store.ts'
import { checkObjectPrefix, isKeySegment } from './object-key.ts'
import type { ListedObject } from './object-store.ts'

/** The files below `root` whose keys begin with `prefix`, in the order of their keys. */
export async function* listFolder(
  root: string,
  prefix: string,
  options?: CallOptions,
): AsyncGenerator<ListedObject, void> {
  checkObjectPrefix(prefix)
  const above = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  yield* walk(root, { above, prefix }, options)
}

interface Place {
  /** The directory, as its files' keys begin: empty, or with `/` at its end. */
  readonly above: string
  readonly prefix: string
}

async function* walk(
  root: string,
  { above, prefix }: Place,
  options: CallOptions | undefined,
): AsyncGenerator<ListedObject, void> {
  options?.signal?.throwIfAborted()
  for (const item of await readNames(join(root, above))) {
    const key = above + item.name
    if (!isKeySegment(item.name) || !orderOf(item, above).startsWith(prefix)) continue
    if (item.isDirectory()) yield* walk(root, { above: `${key}/`, prefix }, options)
    else if (item.isFile()) {
      const object = await describe(root, key)
      if (object !== undefined) yield object
    }
  }
}

/** What the keys at or below an item begin with: `a/b` comes after `a.b`, and before `a0`. */
function orderOf(item: Dirent, above = ''): string {
  return above + item.name + (item.isDirectory() ? '/' : '')
}

async function readNames(directory: string): Promise<readonly Dirent[]> {
  try {
    const items = await readdir(directory, { withFileTypes: true })
    return items.toSorted((left, right) => (orderOf(left) < orderOf(right) ? -1 : 1))
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return []
    throw asTaskVaultError(error, `list ${directory}`)
  }
}

async function describe(root: string, key: string): Promise<ListedObject | undefined> {
  try {
    const { size, mtimeMs } = await stat(join(root, key))
    return { key, sizeBytes: size, modifiedAtMs: Math.floor(mtimeMs) }
  } catch (error) {
    // Gone since its directory was read.
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw asTaskVaultError(error, `look at ${join(root, key)}`)
  }
}

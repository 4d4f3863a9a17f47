import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, open, realpath, rm, stat, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { TaskVaultError, asTaskVaultError, systemErrorCode } from '../../errors.ts'
import type { ByteRange, ByteStream, CallOptions } from '../blob-store.ts'
import { readPieces } from '../read-pieces.ts'
import { verifiedPieces } from '../wrappers/verified-pieces.ts'
import { expectedObject } from './expected-object.ts'
import { listFolder } from './list-folder.ts'
import { makeDirectory, syncDirectory } from './make-directory.ts'
import { checkObjectKey } from './object-key.ts'
import type { ObjectContent, ObjectStore } from './object-store.ts'

/** `~` is in no key: what was being written when a process died is never listed, nor found. */
const TEMPORARY_PREFIX = '~'
/** Never waits for somebody to write to a pipe that lies where an object should. */
const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * Stores objects as files in one directory, which many machines may share. A new object is written to a temporary file,
 * flushed, and named by a hard link, which never replaces a file as a rename would. File systems without hard links are
 * refused.
 * @param directory absolute; created when the first object is written.
 */
export function createFolderObjectStore(directory: string): ObjectStore {
  const root = resolve(directory)
  const pathOf = (key: string): string => {
    checkObjectKey(key)
    return join(root, ...key.split('/'))
  }
  return {
    signer: undefined,
    async head(key, options) {
      options?.signal?.throwIfAborted()
      return await unlessAbsent(`look at ${key}`, async () => {
        const found = await stat(pathOf(key))
        return found.isFile() ? { sizeBytes: found.size } : undefined
      })
    },
    get: async (key, options) => await readObject(pathOf(key), key, options),
    async putIfAbsent(key, content, options) {
      const path = pathOf(key)
      options?.signal?.throwIfAborted()
      if (await isThere(path)) return false
      try {
        await makeDirectory(dirname(path))
        await checkWithin(root, dirname(path))
        return await writeObject({ path, key, content }, options)
      } catch (error) {
        if (options?.signal?.aborted === true) throw options.signal.reason
        throw asTaskVaultError(error, `write ${path}`)
      }
    },
    async delete(key, options) {
      const path = pathOf(key)
      options?.signal?.throwIfAborted()
      await unlessAbsent(`remove ${path}`, async () => await unlink(path))
    },
    list: (prefix, options) => listFolder(root, prefix, options),
  }
}

async function isThere(path: string): Promise<boolean> {
  const found = await unlessAbsent(`look at ${path}`, async () => await stat(path))
  return found !== undefined
}

async function readObject(
  path: string,
  key: string,
  options: (CallOptions & { readonly range?: ByteRange }) | undefined,
): Promise<ByteStream | undefined> {
  options?.signal?.throwIfAborted()
  return await unlessAbsent(`read ${path}`, async () => {
    const file = await open(path, READ_AT_ONCE)
    try {
      const found = await file.stat()
      if (!found.isFile()) return await closed(file)
      const range = options?.range ?? { start: 0, end: found.size }
      if (range.end > found.size || range.start > range.end) throw outside(key, range, found.size)
      return readPieces(file, range, options?.signal)
    } catch (error) {
      await file.close()
      throw error
    }
  })
}

async function closed(file: FileHandle): Promise<undefined> {
  await file.close()
}

interface NewObject {
  readonly path: string
  readonly key: string
  readonly content: ObjectContent
}

async function writeObject(
  { path, key, content }: NewObject,
  options: CallOptions | undefined,
): Promise<boolean> {
  const temporary = join(dirname(path), TEMPORARY_PREFIX + randomBytes(12).toString('hex'))
  try {
    {
      await using file = await open(temporary, 'wx', 0o644)
      for await (const piece of verifiedPieces(content.open(), expectedObject(key, content))) {
        options?.signal?.throwIfAborted()
        await file.writeFile(piece)
      }
      await file.datasync()
    }
    if (!(await takeName(temporary, path))) return false
    await syncDirectory(dirname(path))
    return true
  } finally {
    await rm(temporary, { force: true })
  }
}

/** @returns false when somebody else has taken the name before. */
async function takeName(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    const code = systemErrorCode(error) ?? ''
    // A network file system that repeats a request whose answer was lost finds its own link there.
    if (code === 'EEXIST') return (await stat(temporary)).nlink > 1
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error
    throw new TaskVaultError(
      'REMOTE_REFUSED',
      `The file system of ${dirname(path)} has no hard links`,
      {
        hint: 'Share a folder that has them (NFS, ext4, XFS, NTFS, …), or use a bucket or a server.',
        cause: error,
      },
    )
  }
}

/** A link in a shared folder must not lead writes out of it. */
async function checkWithin(root: string, directory: string): Promise<void> {
  const [realRoot, realDirectory] = await Promise.all([realpath(root), realpath(directory)])
  if (realDirectory === join(realRoot, directory.slice(root.length))) return
  throw new TaskVaultError(
    'REMOTE_REFUSED',
    `${directory} is a link that points outside the shared folder ${root}`,
    { hint: 'Remove the link: whoever can write to the folder may have made it.' },
  )
}

/** What is not there, or lies below a file, is undefined. */
async function unlessAbsent<Result>(
  attempt: string,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemErrorCode(error) ?? '')) return undefined
    throw asTaskVaultError(error, attempt)
  }
}

function outside(key: string, { start, end }: ByteRange, sizeBytes: number): TaskVaultError {
  return new TaskVaultError(
    'REMOTE_INVALID',
    `Object ${key} has ${sizeBytes} bytes: there is no range ${start}-${end} in it`,
  )
}

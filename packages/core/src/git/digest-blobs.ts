import { TaskVaultError } from '../errors.ts'
import type { HashAlgorithm, Hasher } from '../hashing/hash-algorithm.ts'
import { openRepository } from './find-repository.ts'
import { readLooseObject } from './read-loose-object.ts'
import { startGit } from './run-git.ts'
import type { GitOptions } from './run-git.ts'

/**
 * Our digests of git's blobs, in memory that does not grow with their size.
 * @param blobIds hexadecimal, each once.
 * @throws {TaskVaultError} GIT_FAILED when a blob is not there, or git fails.
 */
export async function digestBlobs(
  blobIds: readonly string[],
  algorithm: HashAlgorithm,
  options: GitOptions,
): Promise<Map<string, Buffer>> {
  const digests = blobIds.length > MOST_LOOSE ? new Map() : digestLoose(blobIds, algorithm, options)
  const others = blobIds.filter((id) => !digests.has(id))
  if (others.length === 0) return digests
  const git = startGit(['cat-file', '--batch', '--buffer'], options)
  git.child.stdin.end(others.map((id) => `${id}\n`).join(''))
  const reader = createBatchReader(algorithm, digests)
  try {
    for await (const bytes of git.child.stdout) reader.push(bytes as Buffer)
  } catch (error) {
    git.child.kill()
    throw error
  }
  await git.finish()
  const absent = blobIds.find((id) => !digests.has(id))
  if (absent !== undefined)
    throw new TaskVaultError('GIT_FAILED', `git did not give the blob ${absent}`)
  return digests
}

/** As many as are staged between one commit and the next, mostly: reading them takes less than starting git. */
const MOST_LOOSE = 16

function digestLoose(
  blobIds: readonly string[],
  algorithm: HashAlgorithm,
  { workTree }: GitOptions,
): Map<string, Buffer> {
  const digests = new Map<string, Buffer>()
  const repository = blobIds.length === 0 ? undefined : openRepository(workTree)
  if (repository === undefined) return digests
  for (const id of blobIds) {
    const bytes = readLooseObject('blob', id, repository)
    if (bytes !== undefined) digests.set(id, algorithm.hash(bytes))
  }
  return digests
}

interface Blob {
  readonly id: string
  left: number
  /** For a blob that comes in several pieces; most are small and come whole. */
  hasher: Hasher | undefined
}

/** Reads `<id> <type> <size>\n<bytes>\n`, again and again, from pieces that end anywhere. */
function createBatchReader(
  algorithm: HashAlgorithm,
  digests: Map<string, Buffer>,
): { push(bytes: Buffer): void } {
  let header = ''
  let blob: Blob | undefined

  /** @returns where the next part begins. */
  function readHeader(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(0x0a, at)
    header += bytes.toString('latin1', at, end === -1 ? bytes.length : end)
    if (end === -1) return bytes.length
    // The line feed after the bytes of the blob before is the end of an empty header.
    if (header !== '') blob = startBlob(header)
    header = ''
    if (blob?.left === 0) finishBlob(blob, algorithm.hash(Buffer.alloc(0)))
    return end + 1
  }

  function readBlob(current: Blob, bytes: Buffer, at: number): number {
    const piece = bytes.subarray(at, at + current.left)
    if (current.hasher === undefined && piece.length === current.left) {
      finishBlob(current, algorithm.hash(piece))
      return at + piece.length
    }
    current.hasher ??= algorithm.createHasher()
    current.hasher.update(piece)
    current.left -= piece.length
    if (current.left === 0) finishBlob(current, current.hasher.digest())
    return at + piece.length
  }

  function finishBlob({ id }: Blob, digest: Buffer): void {
    digests.set(id, digest)
    blob = undefined
  }

  return {
    push(bytes) {
      for (let at = 0; at < bytes.length;) {
        at = blob === undefined ? readHeader(bytes, at) : readBlob(blob, bytes, at)
      }
    },
  }
}

function startBlob(header: string): Blob {
  const [, id, type, size] = /^([0-9a-f]+) (\w+) (\d+)$/.exec(header) ?? []
  if (id === undefined || type !== 'blob') {
    throw new TaskVaultError('GIT_FAILED', `git does not have a blob: ${header}`, {
      hint: 'Fetch it first: the clone is partial or damaged (`git fsck`).',
    })
  }
  return { id, left: Number(size), hasher: undefined }
}

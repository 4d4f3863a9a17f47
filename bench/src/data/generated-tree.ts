import { createCipheriv } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILES_PER_DIRECTORY = 20
const DIRECTORIES_PER_DIRECTORY = 50
const FILE_BYTES = 1024

/**
 * Writes `fileCount` files of 1 KiB, 20 to a directory, 50 directories to a parent: half of each file
 * is words that repeat, half does not compress. The same count gives the same bytes.
 */
export function generateTree(root: string, fileCount: number): void {
  const random = createRandomBytes(`tree ${fileCount}`)
  const words = Buffer.from('export function '.repeat(FILE_BYTES / 32))
  for (let first = 0; first < fileCount; first += FILES_PER_DIRECTORY) {
    const directory = join(root, pathOfDirectory(first / FILES_PER_DIRECTORY))
    mkdirSync(directory, { recursive: true })
    const count = Math.min(FILES_PER_DIRECTORY, fileCount - first)
    for (let index = 0; index < count; index += 1) {
      const content = Buffer.concat([words, random(FILE_BYTES / 2)])
      writeFileSync(join(directory, `file-${index}.js`), content)
    }
  }
}

/** Path of the directory by its number, at most 50 names to a level. */
function pathOfDirectory(number: number): string {
  const parent = Math.floor(number / DIRECTORIES_PER_DIRECTORY)
  const name = `directory-${number % DIRECTORIES_PER_DIRECTORY}`
  return parent === 0 ? join('first', name) : join(pathOfDirectory(parent), name)
}

/** Bytes that do not compress and never repeat, the same for the same seed. */
export function createRandomBytes(seed: string): (count: number) => Buffer {
  const key = Buffer.alloc(32)
  key.write(seed)
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return (count) => cipher.update(Buffer.alloc(count))
}

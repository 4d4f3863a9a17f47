import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const PACKAGE = '@napi-rs/blake-hash'

/** Where an executable names its loader, by which a program for glibc is told from one for musl. */
const EXECUTABLE_HEAD_BYTES = 4096
const GLIBC_LOADER = '/ld-linux-'

export interface NativeHasher {
  update(input: Uint8Array): unknown
  digestBuffer(): Buffer
}

export interface NativeBlake3 {
  blake3(input: Uint8Array): Buffer
  Blake3Hasher: new () => NativeHasher
}

/** Undefined when there is no binary for this platform or libc. */
export function loadNativeBlake3(): NativeBlake3 | undefined {
  const load = createRequire(import.meta.url)
  try {
    return loadForGlibc(load) ?? (load(PACKAGE) as NativeBlake3)
  } catch {
    return undefined
  }
}

/**
 * What the package itself would load where Node is linked with glibc. To find that out, the package has Node
 * write a report about the whole machine, which takes 3 ms.
 */
function loadForGlibc(load: NodeJS.Require): NativeBlake3 | undefined {
  const platform = `${process.platform}-${process.arch}`
  if (platform !== 'linux-x64' && platform !== 'linux-arm64') return undefined
  try {
    if (!usesGlibc()) return undefined
    const index = load.resolve(PACKAGE)
    const beside = path.join(path.dirname(index), `blake.${platform}-gnu.node`)
    // Beside the package's index, where an action brings the binaries of all platforms, or in a package of its own.
    const native = existsSync(beside) ? beside : `${PACKAGE}-${platform}-gnu`
    return createRequire(index)(native) as NativeBlake3
  } catch {
    return undefined
  }
}

function usesGlibc(): boolean {
  const head = Buffer.alloc(EXECUTABLE_HEAD_BYTES)
  const descriptor = openSync(process.execPath, 'r')
  try {
    readSync(descriptor, head)
  } finally {
    closeSync(descriptor)
  }
  return head.includes(GLIBC_LOADER)
}

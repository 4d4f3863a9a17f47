import { createRequire } from 'node:module'
import type { HashAlgorithm } from './hash-algorithm.ts'

interface NativeHasher {
  update(input: Uint8Array): unknown
  digestBuffer(): Buffer
}

interface NativeBlake3 {
  blake3(input: Uint8Array): Buffer
  Blake3Hasher: new () => NativeHasher
}

let opened: Promise<HashAlgorithm> | undefined

/**
 * BLAKE3-256: native code with SIMD where a prebuilt binary exists, WebAssembly of the same digest
 * elsewhere. `TASKVAULT_BLAKE3=wasm` asks for the latter.
 */
export function openBlake3(): Promise<HashAlgorithm> {
  opened ??= open()
  return opened
}

async function open(): Promise<HashAlgorithm> {
  const native = process.env['TASKVAULT_BLAKE3'] === 'wasm' ? undefined : loadNative()
  return native === undefined ? await openWasmBlake3() : nativeBlake3(native)
}

function loadNative(): NativeBlake3 | undefined {
  try {
    return createRequire(import.meta.url)('@napi-rs/blake-hash') as NativeBlake3
  } catch {
    // No binary for this platform or libc: the WebAssembly build computes the same digest, slower.
    return undefined
  }
}

function nativeBlake3(native: NativeBlake3): HashAlgorithm {
  return {
    name: 'blake3',
    digestBytes: 32,
    hash: (bytes) => native.blake3(bytes),
    createHasher: () => {
      const state = new native.Blake3Hasher()
      return { update: (bytes) => void state.update(bytes), digest: () => state.digestBuffer() }
    },
  }
}

/** BLAKE3-256 in WebAssembly. Exported so that a test can hold it against the native one. */
export async function openWasmBlake3(): Promise<HashAlgorithm> {
  const { createBLAKE3 } = await import('hash-wasm')
  const oneShot = await createBLAKE3()
  // A hasher owns its WebAssembly memory, so each stream needs an instance of its own, and creating
  // one is asynchronous: instances are saved and restored as states of this one instead.
  const empty = oneShot.init().save()
  return {
    name: 'blake3',
    digestBytes: 32,
    hash: (bytes) => Buffer.from(oneShot.init().update(bytes).digest('binary')),
    createHasher: () => {
      let state = empty
      return {
        update: (bytes) => {
          state = oneShot.load(state).update(bytes).save()
        },
        digest: () => Buffer.from(oneShot.load(state).digest('binary')),
      }
    },
  }
}

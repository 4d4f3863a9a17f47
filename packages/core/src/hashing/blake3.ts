import type { HashAlgorithm, Hasher } from './hash-algorithm.ts'
import { loadNativeBlake3 } from './native-blake3.ts'
import type { NativeBlake3 } from './native-blake3.ts'

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
  const native = process.env['TASKVAULT_BLAKE3'] === 'wasm' ? undefined : loadNativeBlake3()
  // Without a binary for this platform or libc, WebAssembly computes the same digest, slower.
  return native === undefined ? await openWasmBlake3() : nativeBlake3(native)
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

/** What a hasher has taken in so far, while another one uses the instance: about 2 KB. */
interface ParkedState {
  bytes: Uint8Array
}

/**
 * BLAKE3-256 in WebAssembly. Exported so that a test can hold it against the native one.
 *
 * A hasher owns its instance's memory, and to make an instance is asynchronous, which `createHasher`
 * must not be. So all hashers share one instance: the last one used lives in it, and is parked only
 * when another one takes its turn. A single stream, the usual case, never pays for that.
 */
export async function openWasmBlake3(): Promise<HashAlgorithm> {
  const { createBLAKE3 } = await import('hash-wasm')
  const instance = await createBLAKE3()
  const empty = instance.init().save()
  let current: ParkedState | undefined

  function park(): void {
    if (current !== undefined) current.bytes = instance.save()
    current = undefined
  }

  function take(state: ParkedState): void {
    if (current === state) return
    park()
    instance.load(state.bytes)
    current = state
  }

  function createHasher(): Hasher {
    const state: ParkedState = { bytes: empty }
    return {
      update(bytes) {
        take(state)
        instance.update(bytes)
      },
      digest() {
        take(state)
        current = undefined
        return Buffer.from(instance.digest('binary'))
      },
    }
  }

  function hash(bytes: Uint8Array): Buffer {
    park()
    return Buffer.from(instance.init().update(bytes).digest('binary'))
  }

  return { name: 'blake3', digestBytes: 32, hash, createHasher }
}

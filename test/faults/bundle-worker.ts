import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'tsdown'
import type { Rolldown } from 'tsdown'
import { putIn } from './patch-source.ts'
import type { Patch } from './patch-source.ts'

export interface WorkerParts {
  /** Relative to this directory. */
  readonly script: string
  /** Absolute; the program gets a directory of its own in it. */
  readonly directory: string
  /** Faults that are put into core's source text. */
  readonly patches?: readonly Patch[]
}

/** What brings native code, and finds it from where it lies. */
const NATIVE = ['@napi-rs/blake-hash', 'better-sqlite3']

/**
 * Makes a program of a worker: as one file it is loaded in a quarter of the time that its three hundred
 * files take, and workers start often.
 * @returns its absolute path.
 * @throws {Error} when a fault does not fit the source text, or is put into none of the worker's modules.
 */
export async function bundleWorker({
  script,
  directory,
  patches = [],
}: WorkerParts): Promise<string> {
  const outDir = path.join(directory, 'program')
  const waiting = new Set(patches)
  await build({
    config: false,
    entry: { worker: path.join(import.meta.dirname, script) },
    outDir,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    dts: false,
    hash: false,
    logLevel: 'error',
    deps: { alwaysBundle: [/./], neverBundle: NATIVE },
    plugins: [withFaults(patches, waiting), withPlaces()],
  })
  const [missed] = waiting
  if (missed !== undefined) throw new Error(`${missed.file} is no part of ${script}`)
  return path.join(outDir, 'worker.mjs')
}

function withFaults(patches: readonly Patch[], waiting: Set<Patch>): Rolldown.Plugin {
  return {
    name: 'with-faults',
    transform(source, id) {
      const wanted = patches.filter(({ file }) => id.endsWith(`/${file}`))
      for (const patch of wanted) waiting.delete(patch)
      return wanted.length === 0 ? undefined : putIn(source, wanted)
    },
  }
}

/** A module that looks for a file beside itself finds it: a thread starts from its source. */
function withPlaces(): Rolldown.Plugin {
  return {
    name: 'with-places',
    transform: (source, id) =>
      source.includes('import.meta.')
        ? source
            .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
            .replaceAll('import.meta.dirname', JSON.stringify(path.dirname(id)))
        : undefined,
  }
}

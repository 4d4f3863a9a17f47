import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import process from 'node:process'
import { putIn } from './patch-source.ts'
import type { Patch } from './patch-source.ts'

const UNFIT = 'patch-modules: '

/*
 * Loaded into workers by `--import`, with the patches in a file named by FAULTS_PATCHES. Products
 * have no such switch: the fault is put into the source text on its way into the test's own process.
 */
const patches = readPatches()
const waiting = new Set(patches)

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const wanted = patches.filter((patch) => url.endsWith(`/${patch.file}`))
    if (wanted.length === 0) return loaded
    for (const patch of wanted) waiting.delete(patch)
    try {
      return { ...loaded, source: putIn(textOf(loaded.source), wanted) }
    } catch (error) {
      fail(error)
    }
  },
})

process.once('exit', () => {
  for (const patch of waiting) process.stderr.write(`${UNFIT}${patch.file} was never loaded\n`)
})

function textOf(source: unknown): string {
  return source instanceof Uint8Array ? Buffer.from(source).toString('utf8') : (source as string)
}

function readPatches(): readonly Patch[] {
  const file = process.env['FAULTS_PATCHES']
  return file === undefined ? [] : (JSON.parse(readFileSync(file, 'utf8')) as Patch[])
}

/** Not thrown to who loads the module: that may expect that it cannot always be had. */
function fail(reason: unknown): never {
  process.stderr.write(`${UNFIT}${String(reason)}\n`)
  process.exit(99)
}

import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import process from 'node:process'

/** A deliberate fault: text of one source file of core that is replaced when it is loaded. */
export interface Patch {
  /** The end of the file's path, with `/`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

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
    let source = textOf(loaded.source)
    for (const patch of wanted) {
      // A control that no longer fits the code would pass for the wrong reason.
      if (!source.includes(patch.find)) fail(`${patch.file} has no ${JSON.stringify(patch.find)}`)
      source = source.replace(patch.find, () => patch.replace)
      waiting.delete(patch)
    }
    return { ...loaded, source }
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

function fail(reason: string): never {
  process.stderr.write(`${UNFIT}${reason}\n`)
  process.exit(99)
}

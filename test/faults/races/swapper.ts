import { lstatSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'

/** What the attacker does until it is told to rest: exchanges a directory for a link to the victim. */
export interface Swap {
  /** Ends with `*` for a name that begins so, as staging directories do. */
  readonly path: string
  readonly victim: string
}

export type SwapperMessage = Swap | 'rest'

let swap: Swap | undefined
let swaps = 0

process.on('message', (message: SwapperMessage) => {
  if (swap !== undefined) takeBack(swap)
  swap = message === 'rest' ? undefined : message
  if (message === 'rest') process.send?.({ kind: 'resting', swaps })
  else {
    process.send?.({ kind: 'swapping' })
    setImmediate(swapOn)
  }
})
process.on('disconnect', () => process.exit(0))

/** Some exchanges, then a look at the messages; the directory is in its place at every look. */
function swapOn(): void {
  if (swap === undefined) return
  for (let turn = 0; turn < 20; turn += 1) exchange(swap)
  setImmediate(swapOn)
}

function exchange({ path, victim }: Swap): void {
  const directory = findDirectory(path)
  if (directory === undefined) return
  const aside = `${directory}.aside`
  // A restore that fails leaves everything as it was, and that may have been the link.
  if (isLink(directory)) return putBack(directory, aside)
  attempt(() => {
    renameSync(directory, aside)
    attempt(() => {
      symlinkSync(victim, directory)
      swaps += 1
    })
    // As long as the restore needs to come by, now and then.
    for (const end = performance.now() + Math.random() * 0.3; performance.now() < end;);
    putBack(directory, aside)
  })
}

/** Leaves no link behind: whoever writes there next is not to be led astray. */
function takeBack({ path }: Swap): void {
  const directory = findDirectory(path)
  if (directory !== undefined && isLink(directory)) putBack(directory, `${directory}.aside`)
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
}

/** The restore is at work too: it may have put another directory there, or taken this one away. */
function putBack(directory: string, aside: string): void {
  attempt(() => unlinkSync(directory))
  attempt(() => renameSync(aside, directory))
  attempt(() => rmSync(aside, { recursive: true, force: true }))
}

function attempt(step: () => void): void {
  try {
    step()
  } catch {
    // The restore was quicker.
  }
}

function findDirectory(path: string): string | undefined {
  if (!path.endsWith('*')) return path
  const start = basename(path).slice(0, -1)
  try {
    const name = readdirSync(dirname(path)).find(
      (item) => item.startsWith(start) && !item.endsWith('.aside'),
    )
    return name === undefined ? undefined : join(dirname(path), name)
  } catch {
    return undefined
  }
}

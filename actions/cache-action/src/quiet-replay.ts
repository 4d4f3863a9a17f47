import { randomUUID } from 'node:crypto'
import { Writable } from 'node:stream'

/**
 * Where a command's output goes, and its replay. The runner obeys lines such as `::set-env …::`. Of a
 * command that runs it does so at that command's word; what is replayed is from a cache, and is only shown.
 */
export interface QuietReplay {
  readonly stdout: Writable
  readonly stderr: Writable
  /** From now on it is the command itself that speaks. */
  goLive(): void
  /** Shows what was replayed. */
  finish(): void
}

/** Replays are kept until they are whole: what they mask must be masked before it is shown. */
export function createQuietReplay(target: Writable): QuietReplay {
  const held: Buffer[] = []
  let isLive = false
  const sink = (): Writable =>
    new Writable({
      write(bytes: Buffer, _encoding, done) {
        if (isLive) return void target.write(bytes, done)
        held.push(bytes)
        done()
      },
    })
  const finish = (): void => {
    if (held.length > 0) target.write(neutralise(Buffer.concat(held.splice(0))))
  }
  return {
    stdout: sink(),
    stderr: sink(),
    goLive() {
      finish()
      isLive = true
    },
    finish,
  }
}

const MASK = /^\s*::add-mask::.+$/gm

/** With random words around it, between which the runner obeys nothing. Masks alone still hold. */
function neutralise(replayed: Buffer): Buffer {
  const masks = replayed.toString('utf8').match(MASK) ?? []
  const token = randomUUID()
  const end = replayed.at(-1) === 0x0a ? '' : '\n'
  return Buffer.concat([
    Buffer.from([...masks.map((mask) => mask.trim()), `::stop-commands::${token}`, ''].join('\n')),
    replayed,
    Buffer.from(`${end}::${token}::\n`),
  ])
}

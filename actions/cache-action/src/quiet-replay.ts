import { Writable } from 'node:stream'
import { wordNotIn } from './word-not-in.ts'

/**
 * Where a command's output goes, and its replay. The runner obeys lines such as `::set-env …::`. Of a
 * command that runs it does so at that command's word; what is replayed is from a cache, and is only
 * shown, but for masks, and for annotations where a runner has shown them before.
 */
export interface QuietReplay {
  readonly stdout: Writable
  readonly stderr: Writable
  /** From now on it is the command itself that speaks. */
  goLive(): void
  /** Ends the line that the command left unfinished: the runner obeys only what begins a line. */
  endLine(): void
  /** Shows what was replayed. */
  finish(options: { readonly annotates: boolean }): void
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
  const finish: QuietReplay['finish'] = ({ annotates }) => {
    if (held.length > 0) target.write(neutralise(Buffer.concat(held.splice(0)), { annotates }))
  }
  return {
    stdout: sink(),
    stderr: sink(),
    goLive() {
      finish({ annotates: false })
      isLive = true
    },
    // What is replayed ends with a line of its own.
    endLine() {
      if (isLive) target.write('\n')
    },
    finish,
  }
}

const MASK = /^\s*::add-mask::.+$/gm
/** They change nothing but what is shown. */
const ANNOTATION = /^\s*::(?:debug|notice|warning|error|group|endgroup)(?: [^:]*)?::/

/** With words around it, between which the runner obeys nothing. */
function neutralise(
  replayed: Buffer,
  { annotates }: { readonly annotates: boolean },
): string | Buffer {
  // One character for each byte: what is no UTF-8 comes out as it went in.
  const text = replayed.toString('latin1')
  const masks = text.match(MASK) ?? []
  const end = /[\r\n]$/.test(text) ? '' : '\n'
  const pieces = annotates ? splitAnnotations(text + end) : [{ isObeyed: false, text: text + end }]
  const quiet = pieces.map((piece) => (piece.isObeyed ? piece.text : quieten(piece.text)))
  return Buffer.from([...masks.map((mask) => `${mask.trim()}\n`), ...quiet].join(''), 'latin1')
}

function quieten(text: string): string {
  const token = wordNotIn(text)
  return `::stop-commands::${token}\n${text}::${token}::\n`
}

interface Piece {
  readonly isObeyed: boolean
  readonly text: string
}

/** Whole lines as the runner takes them, which a lone CR ends, too. */
function splitAnnotations(text: string): readonly Piece[] {
  const pieces: { isObeyed: boolean; text: string }[] = []
  for (const line of text.match(/[^\r\n]*(?:\r\n|\r|\n)/g) ?? []) {
    const isObeyed = ANNOTATION.test(line)
    const last = pieces.at(-1)
    if (last?.isObeyed === isObeyed) last.text += line
    else pieces.push({ isObeyed, text: line })
  }
  return pieces
}

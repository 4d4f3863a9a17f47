/** Takes back from a terminal's output what the terminal has made of its line feeds. */
export interface TerminalLines {
  /** What is to be written, if this is all there is so far. */
  push(bytes: Uint8Array): Uint8Array
  /** What was held back. */
  end(): Uint8Array
}

const CARRIAGE_RETURN = 0x0d

/**
 * A terminal makes a carriage return and a line feed of each line feed that is printed there. What it has made
 * goes to another terminal, which does so once more. A return at the end of a piece waits for the next one.
 */
export function createTerminalLines(): TerminalLines {
  let held: Uint8Array = new Uint8Array()
  return {
    push(bytes) {
      const all = held.length === 0 ? Buffer.from(bytes) : Buffer.concat([held, bytes])
      const end = all.at(-1) === CARRIAGE_RETURN ? all.length - 1 : all.length
      held = all.subarray(end)
      const text = all.toString('latin1', 0, end)
      return text.includes('\r\n')
        ? Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1')
        : all.subarray(0, end)
    },
    end: () => held,
  }
}

import net from 'node:net'
import path from 'node:path'
import process from 'node:process'
import readline from 'node:readline'

export type Instruction =
  | { readonly kind: 'print'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly kind: 'write' | 'append'; readonly path: string; readonly content: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'trap'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'read' }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'exit'; readonly exitCode: number }

/** What the command says of itself when it starts. */
export interface Started {
  readonly pid: number
  readonly directory: string
  /** The words that followed `ScriptedCommand.words` on its command line. */
  readonly words: readonly string[]
  /** Whether standard input, output and error are terminals. */
  readonly isTerminal: readonly boolean[]
  readonly columns: number | undefined
}

/** One run of the command, which stands still between the instructions. */
export interface Invocation extends Started {
  /** Each promise settles when the command has done it. Paths are relative to where it runs. */
  print(stream: 'stdout' | 'stderr', text: string): Promise<void>
  write(relativePath: string, content: string): Promise<void>
  append(relativePath: string, content: string): Promise<void>
  remove(relativePath: string): Promise<void>
  environment(name: string): Promise<string | null>
  /** From now on the signal does nothing but be told by `received`. */
  trap(signal: NodeJS.Signals): Promise<void>
  received(): Promise<NodeJS.Signals>
  /** From now on standard input is read; `input` tells the next piece of it. */
  read(): Promise<void>
  input(): Promise<string>
  resized(): Promise<number>
  exit(exitCode: number): Promise<void>
  /** Settles when the process is gone, however it went. */
  readonly gone: Promise<void>
}

/**
 * Plays the part of a tool: a command that connects back to the test, says that it started, and then
 * does what the test tells it. So a test can hold a run open, change something, and let it finish,
 * without sleeping.
 */
export interface ScriptedCommand extends AsyncDisposable {
  /** The words that start it; more may be added. */
  readonly words: readonly string[]
  /** How often it was started so far. */
  readonly count: number
  /** The next run that was not yet asked for; waits for it. */
  next(): Promise<Invocation>
}

const CHILD = path.join(import.meta.dirname, 'scripted-command-child.ts')

export async function openScriptedCommand(): Promise<ScriptedCommand> {
  const invocations = createQueue<Invocation>()
  const sockets = new Set<net.Socket>()
  let count = 0
  const server = net.createServer((socket) => {
    sockets.add(socket)
    void meet(socket).then((invocation) => {
      count += 1
      invocations.push(invocation)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  return {
    words: [process.execPath, CHILD, String(port)],
    get count() {
      return count
    },
    next: () => invocations.take(),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function meet(socket: net.Socket): Promise<Invocation> {
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  // A process that was killed resets its connection.
  socket.on('error', () => {})
  const queues = {
    done: createQueue<string>(),
    received: createQueue<NodeJS.Signals>(),
    environment: createQueue<string | null>(),
    input: createQueue<string>(),
    columns: createQueue<number>(),
  }
  const lines = readline.createInterface({ input: socket })
  const started = await new Promise<Started>((resolve) => {
    lines.once('line', (first) => {
      lines.on('line', (line) => {
        const [[kind, value]] = Object.entries(JSON.parse(line) as object) as [
          [keyof typeof queues, never],
        ]
        queues[kind].push(value)
      })
      resolve(JSON.parse(first) as Started)
    })
  })
  const tell = async (instruction: Instruction): Promise<void> => {
    socket.write(`${JSON.stringify(instruction)}\n`)
    await Promise.race([queues.done.take(), gone])
  }
  return {
    ...started,
    print: (stream, text) => tell({ kind: 'print', stream, text }),
    write: (relativePath, content) => tell({ kind: 'write', path: relativePath, content }),
    append: (relativePath, content) => tell({ kind: 'append', path: relativePath, content }),
    remove: (relativePath) => tell({ kind: 'remove', path: relativePath }),
    environment: async (name) => {
      await tell({ kind: 'environment', name })
      return await queues.environment.take()
    },
    trap: (signal) => tell({ kind: 'trap', signal }),
    received: () => queues.received.take(),
    read: () => tell({ kind: 'read' }),
    input: () => queues.input.take(),
    resized: () => queues.columns.take(),
    exit: async (exitCode) => {
      await tell({ kind: 'exit', exitCode })
      await gone
    },
    gone,
  }
}

interface Queue<Item> {
  push(item: Item): void
  take(): Promise<Item>
}

function createQueue<Item>(): Queue<Item> {
  const items: Item[] = []
  const takers: ((item: Item) => void)[] = []
  return {
    push(item) {
      const taker = takers.shift()
      if (taker === undefined) items.push(item)
      else taker(item)
    },
    take: () =>
      new Promise((resolve) => {
        if (items.length > 0) resolve(items.shift() as Item)
        else takers.push(resolve)
      }),
  }
}

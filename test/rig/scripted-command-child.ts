import { appendFileSync, mkdirSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import process from 'node:process'
import readline from 'node:readline'
import { isatty } from 'node:tty'
import type { Instruction, Started } from './scripted-command.ts'

/*
 * The process that a scripted command is: it says that it started, then does what it is told, one
 * instruction a line, and answers each. It ends when the test goes away.
 */
const socket = net.connect(Number(process.argv[2]), '127.0.0.1')
const say = (message: unknown): void => void socket.write(`${JSON.stringify(message)}\n`)

const started: Started = {
  pid: process.pid,
  directory: process.cwd(),
  words: process.argv.slice(3),
  isTerminal: [0, 1, 2].map((descriptor) => isatty(descriptor)),
  columns: process.stdout.columns,
}
socket.once('connect', () => say(started))
socket.once('close', () => process.exit(99))
socket.on('error', () => process.exit(99))
process.stdout.on('resize', () => say({ columns: process.stdout.columns }))

for await (const line of readline.createInterface({ input: socket })) {
  const instruction = JSON.parse(line) as Instruction
  perform(instruction)
  say({ done: instruction.kind })
}

function perform(instruction: Instruction): void {
  switch (instruction.kind) {
    case 'print':
      writeAll(instruction.stream === 'stdout' ? 1 : 2, Buffer.from(instruction.text))
      return
    case 'write':
      mkdirSync(path.dirname(instruction.path), { recursive: true })
      writeFileSync(instruction.path, instruction.content)
      return
    case 'append':
      appendFileSync(instruction.path, instruction.content)
      return
    case 'remove':
      rmSync(instruction.path, { recursive: true, force: true })
      return
    case 'trap':
      process.on(instruction.signal, () => say({ received: instruction.signal }))
      return
    case 'read':
      process.stdin.on('data', (bytes) => say({ input: String(bytes) }))
      return
    case 'environment':
      say({ environment: process.env[instruction.name] ?? null })
      return
    case 'exit':
      // Answered first: nothing can be said afterwards.
      socket.write(`${JSON.stringify({ done: 'exit' })}\n`, () =>
        process.exit(instruction.exitCode),
      )
  }
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
}

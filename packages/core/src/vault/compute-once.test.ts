import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const CORE = fileURLToPath(new URL('../index.ts', import.meta.url))
/** Longer than eight processes take to start, and shorter than for ever. */
const LONGEST_MS = 60_000

let root = ''

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'compute-'))
})

afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

test(
  'a program that compute starts, and that asks for the same result, does not wait for it',
  async () => {
    const ran = await runProgram(`
      const compute = () => process.argv[2] === 'child' ? 'model' : startItself('child')
    `)

    expect(ran).toEqual({ code: 0, stdout: 'model', stderr: '' })
  },
  LONGEST_MS,
)

test(
  'one whose compute starts it again and again is told so',
  async () => {
    const { code, stderr } = await runProgram(`const compute = () => startItself()`)

    expect(code).not.toBe(0)
    expect(stderr).toContain('ARGUMENT_INVALID')
    expect(stderr).toMatch(/asks for that same result, nested 8 times/)
  },
  LONGEST_MS,
)

test(
  'what is started afterwards waits as ever',
  async () => {
    const ran = await runProgram(`
      const compute = () => 'model'
      process.on('exit', () => process.stdout.write(String(process.env.TASKVAULT_RUNNING)))
    `)

    expect(ran).toEqual({ code: 0, stdout: 'modelundefined', stderr: '' })
  },
  LONGEST_MS,
)

/** A program that prints one result, which `compute` makes; it is ended when it takes too long. */
async function runProgram(body: string) {
  const file = path.join(root, 'program.ts')
  writeFileSync(
    file,
    `import { execFileSync } from 'node:child_process'
    import { createClient } from ${JSON.stringify(CORE)}
    const startItself = (...words) =>
      execFileSync(process.execPath, [import.meta.filename, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
    ${body}
    await using client = await createClient(undefined, { cwd: import.meta.dirname })
    const [result] = await client.getCachedResult('train', 'input', () => Buffer.from(compute()))
    process.stdout.write(result)
    `,
  )
  const child = spawn(process.execPath, [file], { timeout: LONGEST_MS / 2 })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, stdout, stderr }
}

import { expect, test } from 'vitest'
import { openRig } from '../rig/rig.ts'
import { openScriptedCommand } from '../rig/scripted-command.ts'

/* What a run prints, live and replayed. */

test('standard output and error come back apart, and in their order', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  await using command = await openScriptedCommand()
  const words = ['taskvault', 'run', 'x', '--quiet', '--input', 'src/**', '--', ...command.words]
  const seen: string[] = []

  const first = rig.start(words)
  for (const [name, stream] of [
    ['out', first.child.stdout],
    ['err', first.child.stderr],
  ] as const) {
    stream?.on('data', (bytes: Buffer) => seen.push(`${name} ${String(bytes).trim()}`))
  }
  const invocation = await command.next()
  for (const [index, stream] of (['stdout', 'stderr', 'stdout', 'stderr'] as const).entries()) {
    await invocation.print(stream, `${index}\n`)
    // Until it has gone through: only what comes apart has an order.
    while (seen.length <= index) await new Promise(setImmediate)
  }
  await invocation.exit(0)
  await first.finished
  const replay = await rig.run(['sh', '-c', '"$@" 2>&1', 'sh', ...words])

  expect(seen).toEqual(['out 0', 'err 1', 'out 2', 'err 3'])
  expect(replay.stdout).toBe('0\n1\n2\n3\n')
  expect(command.count).toBe(1)
})

test('secrets are shown live, and masked in what is kept', async () => {
  await using rig = openRig({
    'src/a.txt': 'A',
    '.taskvault/config.yaml': 'secrets: [HOUSE_RULE]\n',
  })
  const env = {
    API_TOKEN: 'abc123-token',
    HOUSE_RULE: 'no shoes',
    DATABASE_URL: 'postgres://me:pass-w0rd@db/x',
  }
  const script =
    'printf "token=abc123-"; sleep 0.2; echo "token"; echo "$HOUSE_RULE $DATABASE_URL" >&2'
  const words = ['run', 'x', '--quiet', '--input', 'src/**', '--', 'sh', '-c', script]

  const live = await rig.taskvault(words, { env })
  const replayed = await rig.taskvault(words, { env })

  expect(live).toMatchObject({
    stdout: 'token=abc123-token\n',
    stderr: 'no shoes postgres://me:pass-w0rd@db/x\n',
  })
  expect(replayed).toMatchObject({ stdout: 'token=***\n', stderr: '*** postgres://me:***@db/x\n' })
  const found = await rig.run([
    'grep',
    '-rlaE',
    'abc123-token|no shoes|pass-w0rd',
    '.taskvault/cache',
  ])
  expect(found.stdout).toBe('')
})

test.each(['out', 'err'])(
  'what is said next begins a line after half a line on std%s',
  async (stream) => {
    await using rig = openRig({ 'src/a.txt': 'A' })
    const script = stream === 'out' ? 'printf half' : 'printf half >&2'
    const words = ['taskvault', 'run', 'x', '--input', 'src/**', '--', 'sh', '-c', script]
    const merged = ['sh', '-c', '"$@" 2>&1', 'sh']

    const live = await rig.run([...merged, ...words])
    const replayed = await rig.run([...merged, ...words])
    const quiet = await rig.run([...merged, 'taskvault', '--quiet', ...words.slice(1)])

    expect(live.stdout).toMatch(/^x: running .*\nhalf\n✓ x: saved/)
    expect(replayed.stdout).toMatch(/^half\n✓ x: nothing to restore/)
    expect(quiet.stdout).toBe('half')
  },
)

test('bytes that are no text come back as they were', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  const words = [
    'run',
    'x',
    '--quiet',
    '--input',
    'src/**',
    '--',
    'head',
    '-c',
    '300000',
    '/dev/urandom',
  ]

  const live = await rig.run(['sh', '-c', '"$@" | sha256sum', 'sh', 'taskvault', ...words])
  const replayed = await rig.run(['sh', '-c', '"$@" | sha256sum', 'sh', 'taskvault', ...words])

  expect(replayed.stdout).toBe(live.stdout)
})

test('the command reads our standard input', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })

  const run = await rig.taskvault(['run', 'x', '--input', 'src/**', '--', 'cat'], {
    input: 'from the pipe',
  })

  expect(run.stdout).toBe('from the pipe')
})

test('a gigabyte of output goes through in flat memory', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  const words = ['run', 'x', '--input', 'src/**', '--', 'head', '-c', '1G', '/dev/zero']
  const measure =
    '"$@" 2>err | (head -c 600M >/dev/null; grep VmHWM /proc/$(pgrep -s 0 -n -f "taskvault[.]js run")/status; cat >/dev/null)'

  const run = await rig.run(['sh', '-c', measure, 'sh', 'taskvault', ...words])

  expect(Number(/VmHWM:\s+(\d+) kB/.exec(run.stdout)?.[1])).toBeLessThan(200 * 1024)
  expect(rig.read('err')).toContain('bytes in the middle of its output were not kept')
})

test('a reader that goes away ends the command, and nothing is saved', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })
  const words = ['taskvault', 'run', 'x', '--input', 'src/**', '--', 'yes']

  const run = await rig.run([
    'bash',
    '-c',
    '"$@" | head -n 2; echo "${PIPESTATUS[0]}"',
    'bash',
    ...words,
  ])
  const decision = await rig.run([...words.slice(0, 3), '--json', ...words.slice(3)])

  expect(run).toMatchObject({ stdout: 'y\ny\n141\n' })
  expect(JSON.parse(decision.stdout)).toMatchObject({ decision: 'miss' })
})

test('a background process that the command leaves behind is not waited for', async () => {
  await using rig = openRig({ 'src/a.txt': 'A' })

  const run = await rig.taskvault([
    'run',
    'x',
    '--input',
    'src/**',
    '--',
    'sh',
    '-c',
    'sleep 50 & echo $!',
  ])

  expect(run.exitCode).toBe(0)
  // It still runs, or this throws.
  process.kill(Number(run.stdout))
})

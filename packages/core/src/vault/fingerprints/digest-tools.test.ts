import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { sha256 } from '../../hashing/sha256.ts'
import type { NamedInput } from '../../model/fingerprint.ts'
import { openProject } from '../../testing/temporary-project.ts'
import type { TemporaryProject } from '../../testing/temporary-project.ts'
import { digestTools } from './digest-tools.ts'
import type { ToolOptions } from './digest-tools.ts'

test('what a tool prints decides its digest, on either output', async () => {
  const project = inProject()
  const [out, other, error, both] = await digests(project, [
    'sh -c "echo 1"',
    'sh -c "echo 2"',
    'sh -c "echo 1 >&2"',
    'sh -c "echo 1; echo 1 >&2"',
  ])
  const again = await digests(project, [`sh -c 'printf "1\\n"'`])

  expect(new Set([out, other, error, both]).size).toBe(4)
  expect(again[0]).toBe(out)
})

test('a tool runs in the project root, as words and not by a shell', async () => {
  const project = inProject()
  project.write({
    'bin/tool': { executable: '#!/bin/sh\npwd\nfor word; do echo "[$word]"; done\n' },
  })

  const [found] = await digests(project, [`./bin/tool 'a b' '*' '$HOME; touch x'`])
  const [expected] = await digests(project, [
    `printf '%s\\n' '${project.root}' '[a b]' '[*]' '[$HOME; touch x]'`,
  ])

  expect(found).toBe(expected)
})

test('neither language nor colours change what a tool prints', async () => {
  const project = inProject()
  const command = [`sh -c 'printenv LC_ALL; printenv NO_COLOR; printenv FORCE_COLOR || true'`]

  const plain = await digests(project, command)
  const coloured = await digests(project, command, {
    env: { ...process.env, LC_ALL: 'de_DE.UTF-8', FORCE_COLOR: '1' },
  })

  expect(coloured).toEqual(plain)
})

test.each([
  ['false', /exited with 1/],
  ['taskvault-no-such-tool --version', /no such program/],
  [`sh -c 'echo oops >&2; exit 3'`, /exited with 3: oops/],
  ['yes', /more than \d+ bytes/],
])('%j is refused with the reason', async (command, reason) => {
  const running = digests(inProject(), [command])

  await expect(running).rejects.toMatchObject({
    code: 'TOOL_FAILED',
    message: expect.stringMatching(reason),
    hint: expect.any(String),
  })
})

test('a tool that does not end is ended', async () => {
  const running = digests(inProject(), [`sh -c 'trap "" TERM; while :; do :; done'`], {
    timeoutMs: 200,
  })

  await expect(running).rejects.toMatchObject({
    code: 'TOOL_FAILED',
    message: expect.stringMatching(/longer than 200 ms/),
  })
})

test('a tool that waits for an answer gets none', async () => {
  await expect(digests(inProject(), ['cat'])).resolves.toHaveLength(1)
})

test('nothing is run before every command is known to be sound', async () => {
  const project = inProject()
  const marker = join(project.root, 'marker')

  await expect(digests(project, [`touch '${marker}'`, 'a | b'])).rejects.toMatchObject({
    code: 'ARGUMENT_INVALID',
  })
  await expect(digests(project, [`ls '${marker}'`])).rejects.toMatchObject({ code: 'TOOL_FAILED' })
})

async function digests(
  project: TemporaryProject,
  commands: readonly string[],
  options: Partial<ToolOptions> = {},
): Promise<(string | undefined)[]> {
  const base = { projectRoot: project.root, env: process.env, algorithm: sha256 }
  const tools: NamedInput[] = await digestTools(commands, { ...base, ...options })
  expect(tools.map(({ name }) => name)).toEqual(commands)
  return tools.map(({ digest }) => digest)
}

function inProject(): TemporaryProject {
  const project = openProject()
  onTestFinished(() => project[Symbol.dispose]())
  return project
}

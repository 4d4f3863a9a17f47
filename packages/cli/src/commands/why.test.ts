import { expect, onTestFinished, test } from 'vitest'
import { startVaultServer } from '../../../../test/rig/start-vault-server.ts'
import { EXIT } from '../exit-codes.ts'
import { createProject, runMain } from '../testing/run-main.ts'
import type { Ran } from '../testing/run-main.ts'

/** CI jobs over one server, each on a machine of its own: nothing but the server joins them. */
interface Scene {
  /** Runs these tasks, one command each, in a job with this number. */
  job(number: number, ...tasks: readonly string[]): Promise<void>
  run(argv: readonly string[]): Promise<Ran>
  /** The id of the server's entry of a task. */
  idOf(task: string): Promise<string>
}

test('why tells who wrote an entry, and what their job had restored in any of its commands', async () => {
  const { job, run, idOf } = await openScene()
  await job(1, 'first')
  await job(2, 'first', 'second')

  const first = await run(['why', await idOf('first')])
  const second = await run(['why', await idOf('second')])

  expect(second.code).toBe(EXIT.ok)
  expect(second.stdout).toMatch(/^second\n {2}id {6}[0-9a-f]{38}\n/)
  expect(second.stdout).toMatch(/^ {2}scope {3}local:default\/dev:admin$/m)
  expect(second.stdout).toMatch(/^ {2}by {6}admin \(api-key\)$/m)
  expect(second.stdout).toMatch(/^ {2}signed {2}by tvk-[0-9a-f]{16}$/m)
  expect(second.stdout).toMatch(/^ {2}made from 1 entry that its job had restored\n {4}first\n/m)
  expect(first.stdout).toContain('not made from anything that was restored')
})

test('an entry is named by the first digits of its key, too', async () => {
  const { job, run, idOf } = await openScene()
  await job(1, 'first')
  const id = await idOf('first')
  const [, key = ''] = /^ {2}key {5}([0-9a-f]+)$/m.exec((await run(['why', id])).stdout) ?? []

  const byKey = await run(['why', key.slice(0, 12), '--json'])

  expect(JSON.parse(byKey.stdout)).toMatchObject({
    entry: { id, key, task: 'first' },
    restored: [],
  })
})

test('history goes as far back as was asked for, and tells what more there is', async () => {
  const { job, run, idOf } = await openScene()
  await job(1, 'a')
  await job(2, 'a', 'b')
  await job(3, 'b', 'c')

  const [all, one] = await Promise.all(
    [[], ['--depth', '1']].map(async (depth) => await run(['why', await idOf('c'), ...depth])),
  )

  expect(all?.stdout).toMatch(/^c$[^]*^ {4}b$[^]*^ {8}a$/m)
  expect(one?.stdout).toMatch(/^c$[^]*^ {4}b$[^]*made from 1 entry .*: ask for more with --depth$/m)
  expect(one?.stdout).not.toMatch(/^ {8}a$/m)
})

async function openScene(): Promise<Scene> {
  const server = await startVaultServer()
  onTestFinished(async () => await server[Symbol.asyncDispose]())
  const env = { TASKVAULT_REMOTE: server.url, TASKVAULT_TOKEN: server.key }
  const home = createProject()
  return {
    run: async (argv) => await runMain(argv, { cwd: home, env }),
    job: async (number, ...tasks) => {
      const cwd = createProject({ 'in.txt': 'the same in every job' })
      const job = { JENKINS_URL: 'http://jenkins/', BUILD_TAG: `b-${number}`, BUILD_NUMBER: '1' }
      for (const task of tasks) {
        const command = [
          '--input',
          'in.txt',
          '--output',
          task,
          '--',
          'sh',
          '-c',
          `echo ${task} > ${task}`,
        ]
        // oxlint-disable-next-line no-await-in-loop -- one command of a job after the other
        const ran = await runMain(['run', task, ...command], { cwd, env: { ...env, ...job, PATH } })
        expect(ran).toMatchObject({ code: EXIT.ok })
      }
    },
    idOf: async (task) => {
      const headers = { authorization: `Bearer ${server.key}` }
      const answer = await fetch(new URL(`/v1/entries?task=${task}`, server.url), { headers })
      const { entries } = (await answer.json()) as { entries: readonly { readonly id: string }[] }
      return entries[0]?.id ?? 'none'
    },
  }
}

const PATH = '/usr/local/bin:/usr/bin:/bin'

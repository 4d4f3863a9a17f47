import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { onTestFinished } from 'vitest'
import type { AdapterResult } from '../describe-cases.ts'
import type { PlainStep } from './expand-steps.ts'
import { openKeptCaches } from './kept-caches.ts'
import { runSteps } from './run-steps.ts'

const COMMAND = path.resolve(import.meta.dirname, '../../../packages/cli/bin/taskvault.js')

/** A project on CircleCI: its own cache, a shared vault, and a fresh machine for each job. */
export interface CircleCi {
  /** Address of the shared vault. */
  readonly remote: string
  /** Runs a job on a machine that has seen nothing, with `files` checked out. */
  runJob(
    steps: readonly PlainStep[],
    files: Readonly<Record<string, string>>,
  ): Promise<AdapterResult>
  /** What `npm` was told to do, a call a line, but for what it installs. */
  work(): readonly string[]
}

/** Its machines have an npm that installs the command of this checkout, and makes what packages would. */
export function openCircleCi(): CircleCi {
  const root = mkdtempSync(path.join(tmpdir(), 'taskvault-circleci-'))
  const caches = openKeptCaches('main')
  onTestFinished(() => {
    caches[Symbol.dispose]()
    rmSync(root, { recursive: true, force: true })
  })
  const [bin, log] = [path.join(root, 'bin'), path.join(root, 'work.log')]
  mkdirSync(bin)
  const launcher = path.join(root, 'taskvault')
  writeCommand(launcher, `exec "${process.execPath}" "${COMMAND}" "$@"`)
  writeCommand(path.join(bin, 'npm'), npmThatInstalls(launcher, log))
  let jobs = 0
  return {
    remote: `file://${path.join(root, 'vault')}`,
    runJob: async (steps, files) => {
      jobs += 1
      const project = path.join(root, `job-${jobs}`, 'project')
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(path.dirname(path.join(project, name)), { recursive: true })
        writeFileSync(path.join(project, name), content)
      }
      const environment = {
        CIRCLECI: 'true',
        CIRCLE_BRANCH: 'main',
        CIRCLE_WORKFLOW_JOB_ID: String(jobs),
        PATH: [bin, process.env['PATH']].join(path.delimiter),
      }
      return await runSteps(steps, { project, environment, caches })
    },
    work: () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : []),
  }
}

function npmThatInstalls(launcher: string, log: string): string {
  return `case $1 in
  install) mkdir -p "$3/node_modules/.bin" && ln -s "${launcher}" "$3/node_modules/.bin/taskvault" ;;
  ci) mkdir -p node_modules ~/.npm && echo x | tee node_modules/a > ~/.npm/a ;;
  *) echo "$@" >> "${log}" && mkdir -p dist results && echo made | tee dist/a > results/a ;;
esac`
}

function writeCommand(file: string, script: string): void {
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}

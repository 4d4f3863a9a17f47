/*
 * The main job on a real task: the test suite of an open-source package, run once and then restored
 * as long as nothing that it reads has changed. `npm run demo`; with `-- --keep`, the project stays.
 */
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { styleText } from 'node:util'
import { PACKAGE, installProject } from './demo/real-project.ts'
import { runTask, taskvault } from './demo/run-task.ts'
import type { TaskRun } from './demo/run-task.ts'

const RESULTS = 'results.xml'
const SOURCE = 'lib/constrainer.js'

const directory = mkdtempSync(path.join(os.tmpdir(), 'taskvault-demo-'))
const isKept = process.argv.includes('--keep')
try {
  process.exitCode = demonstrate()
} finally {
  if (isKept) say(`The project is in ${path.join(directory, 'project')}`)
  else rmSync(directory, { recursive: true, force: true })
}

function demonstrate(): number {
  title(`A real task: the test suite of ${PACKAGE}, straight from npm`)
  const project = installProject(directory)
  if (project === undefined) {
    say(`npm could not install ${PACKAGE}, so there is no real test suite to show this with.`)
    say('Is the npm registry within reach? `npm test` needs no further downloads.')
    return 69
  }
  say(readFileSync(path.join(project, '.taskvault/config.yaml'), 'utf8').trimEnd())

  title('1. The first time: a miss. The suite runs, and its results are saved')
  const first = expectOutcome('miss', runTask(project))
  const results = readFileSync(path.join(project, RESULTS))

  title(
    `2. The same again, with ${RESULTS} deleted: a hit. Nothing runs; output, log and status come back`,
  )
  rmSync(path.join(project, RESULTS))
  const second = expectOutcome('hit', runTask(project))
  if (!readFileSync(path.join(project, RESULTS)).equals(results)) {
    throw new Error(`${RESULTS} is not what it was`)
  }
  say(`${RESULTS} is back, byte for byte.`)

  title(`3. After touching ${SOURCE}: still a hit, because contents count and times do not`)
  const now = new Date()
  utimesSync(path.join(project, SOURCE), now, now)
  expectOutcome('hit', runTask(project))

  title(`4. After an edit of ${SOURCE}: a miss that says why`)
  const original = readFileSync(path.join(project, SOURCE))
  appendFileSync(path.join(project, SOURCE), '\n// edited\n')
  expectOutcome('miss', runTask(project))

  title('5. After undoing the edit: a hit again, from the first run')
  writeFileSync(path.join(project, SOURCE), original)
  const last = expectOutcome('hit', runTask(project))

  title('What it saved')
  taskvault(project, ['cache', 'stats', '--details'])
  const [work, hit] = [first.tookMs, Math.min(second.tookMs, last.tookMs)]
  say(
    `\nThe suite takes ${seconds(work)}; a hit took ${seconds(hit)}, ${Math.round(work / hit)} times less.`,
  )
  say('Five runs, and the suite ran twice.')
  return 0
}

function expectOutcome(expected: TaskRun['outcome'], run: TaskRun): TaskRun {
  if (run.outcome !== expected)
    throw new Error(`Expected a ${expected}, and it was a ${run.outcome}`)
  say(styleText('green', `→ a ${run.outcome}, in ${seconds(run.tookMs)}`))
  return run
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(2)} s`
}

function title(text: string): void {
  say(styleText('bold', `\n=== ${text}`))
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

/** One call of the command line, as the stand-in has seen it. */
export interface RecordedCall {
  /** What it was called with; `--args-from-env` is followed. */
  readonly words: readonly string[]
  /** Where it was called; absolute, without symlinks. */
  readonly directory: string
  /** All variables whose names begin with TASKVAULT_. */
  readonly environment: Readonly<Record<string, string>>
}

/** How the stand-in ends, by command (`run`, `restore`, `save`); 0 unless told. */
export type Answers = Readonly<Record<string, number>>

/** A command `taskvault` that does nothing but remember that it was called, and how. */
export interface StandIn {
  /** Absolute; to be put on PATH. */
  readonly binDirectory: string
  readonly command: string
  answer(answers: Answers): void
  calls(): readonly RecordedCall[]
}

/** Makes a stand-in below `directory`, which it creates. */
export function createStandIn(directory: string): StandIn {
  const binDirectory = path.join(directory, 'bin')
  const command = path.join(binDirectory, 'taskvault')
  const [record, answersFile] = ['calls.jsonl', 'answers.json'].map((name) =>
    path.join(directory, name),
  ) as [string, string]
  mkdirSync(binDirectory, { recursive: true })
  const script = `${process.execPath}" --no-warnings "${path.join(import.meta.dirname, 'stand-in.mjs')}`
  writeFileSync(command, `#!/bin/sh\nexec "${script}" "${record}" "${answersFile}" "$@"\n`)
  chmodSync(command, 0o755)
  return {
    binDirectory,
    command,
    answer: (answers) => writeFileSync(answersFile, JSON.stringify(answers)),
    calls: () =>
      existsSync(record)
        ? readFileSync(record, 'utf8')
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line) as RecordedCall)
        : [],
  }
}

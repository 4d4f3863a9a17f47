import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { CODENARC_JARS, CPS_JARS, fetchJars } from './maven-jars.ts'
import { LIBRARY } from './open-jenkins.ts'

/** What the linter has seen. */
export interface LintReport {
  /** Relative to the folder that was looked at, in the order of their paths. */
  readonly files: readonly string[]
  readonly findings: readonly Finding[]
}

export interface Finding {
  readonly file: string
  readonly rule: string
  readonly line: number
}

interface CodeNarcReport {
  readonly packages: readonly {
    readonly path: string
    readonly files: readonly {
      readonly name: string
      readonly violations: readonly { readonly ruleName: string; readonly lineNumber: number }[]
    }[]
  }[]
}

/** Looks at everything below `vars` and `src` of each library in `folder`. */
export async function lintGroovy(folder: string): Promise<LintReport> {
  // The transformer has the annotation that tells what is transformed and what is not.
  const jars = await fetchJars([...CODENARC_JARS, ...CPS_JARS])
  const { stdout } = await promisify(execFile)('java', [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    [...jars, path.join(folder, 'library/src')].join(path.delimiter),
    'org.codenarc.CodeNarc',
    `-basedir=${folder}`,
    '-includes=**/vars/*.groovy,**/src/**/*.groovy',
    `-rulesetfiles=file:${path.join(LIBRARY, 'test/codenarc.groovy')}`,
    '-report=json:stdout',
    '-failOnError=true',
  ])
  const line = stdout.split('\n').find((text) => text.startsWith('{'))
  if (line === undefined) throw new Error(`CodeNarc reports nothing:\n${stdout}`)
  // CodeNarc's own format; a change of it shows as a test that finds nothing.
  const report = JSON.parse(line) as CodeNarcReport
  const files = report.packages.flatMap((one) =>
    one.files.map((file) => ({ ...file, path: path.posix.join(one.path, file.name) })),
  )
  return {
    files: files.map((file) => file.path).toSorted(),
    findings: files.flatMap((file) =>
      file.violations.map(({ ruleName, lineNumber }) => ({
        file: file.path,
        rule: ruleName,
        line: lineNumber,
      })),
    ),
  }
}

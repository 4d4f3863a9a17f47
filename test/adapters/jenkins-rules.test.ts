import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lintGroovy } from './jenkins/lint-groovy.ts'
import type { LintReport } from './jenkins/lint-groovy.ts'
import { LIBRARY, whyNoJenkins } from './jenkins/open-jenkins.ts'

/** What must be found, and is: without it, a linter that looks at nothing would pass. */
const PLANTED = {
  'vars/planted.groovy': `import java.util.regex.Matcher

def call(String text) {
    Matcher matcher = text =~ /x/
    List<String> names = ['b', 'a']
    names.sort { String name -> name }
    echo "\${-> text}"
    echo(matcher.toString())
}
`,
  'src/planted/NotWritable.groovy': `package planted

class NotWritable {

    String name
}
`,
}

const isSkipped = whyNoJenkins !== undefined && process.env['CI'] === undefined

describe.skipIf(isSkipped)(
  `the rules for Jenkins libraries${isSkipped ? ` (${whyNoJenkins})` : ''}`,
  () => {
    let folder: string
    let report: LintReport

    // Once for the library and for what is planted: most of the time goes into starting Java.
    beforeAll(async () => {
      folder = mkdtempSync(path.join(os.tmpdir(), 'taskvault-rules-'))
      for (const part of ['src', 'vars'])
        cpSync(path.join(LIBRARY, part), path.join(folder, 'library', part), { recursive: true })
      for (const [file, text] of Object.entries(PLANTED)) {
        mkdirSync(path.dirname(path.join(folder, 'planted', file)), { recursive: true })
        writeFileSync(path.join(folder, 'planted', file), text)
      }
      report = await lintGroovy(folder)
    }, 120_000)

    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    test('look at every file of the library', () => {
      const expected = globSync('{src,vars}/**/*.groovy', { cwd: LIBRARY }).map(
        (file) => `library/${file}`,
      )

      expect(report.files.filter((file) => file.startsWith('library/'))).toEqual(
        expected.toSorted(),
      )
    })

    test('find nothing in it', () => {
      expect(report.findings.filter(({ file }) => file.startsWith('library/'))).toEqual([])
    })

    test('find what was planted, in both folders', () => {
      expect(report.findings.filter(({ file }) => file.startsWith('planted/'))).toEqual(
        expect.arrayContaining([
          { file: 'planted/src/planted/NotWritable.groovy', rule: 'ClassNotSerializable', line: 3 },
          {
            file: 'planted/vars/planted.groovy',
            rule: 'ExpressionInCpsMethodNotSerializable',
            line: 4,
          },
          { file: 'planted/vars/planted.groovy', rule: 'ForbiddenCallInCpsMethod', line: 6 },
          { file: 'planted/vars/planted.groovy', rule: 'ClosureInGString', line: 7 },
        ]),
      )
    })
  },
)

import process from 'node:process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeCases } from './describe-cases.ts'
import { describeControls } from './jenkins/describe-controls.ts'
import { describeFailures } from './jenkins/describe-failures.ts'
import { describeParameters } from './jenkins/describe-parameters.ts'
import { describePipelines } from './jenkins/describe-pipelines.ts'
import { describeProductSnippet } from './jenkins/describe-product-snippet.ts'
import { describePublishedTree } from './jenkins/describe-published-tree.ts'
import { describeReadme } from './jenkins/describe-readme.ts'
import { describeSandbox } from './jenkins/describe-sandbox.ts'
import { describeSharedVault } from './jenkins/describe-shared-vault.ts'
import { describeWindows } from './jenkins/describe-windows.ts'
import { createJenkinsAdapter } from './jenkins/jenkins-adapter.ts'
import { openJenkins, whyNoJenkins } from './jenkins/open-jenkins.ts'
import type { Jenkins } from './jenkins/open-jenkins.ts'

/*
 * The step, on the Groovy and the interpreter of Jenkins, with the real command line. At every step
 * of every pipeline, all that the pipeline holds is written out and read back. One Java process
 * serves all of it, which is why this is one file.
 */

const isSkipped = whyNoJenkins !== undefined && process.env['CI'] === undefined

describe.skipIf(isSkipped)(`taskvaultCache${isSkipped ? ` (${whyNoJenkins})` : ''}`, () => {
  let jenkins: Jenkins

  beforeAll(async () => {
    jenkins = await openJenkins()
  }, 120_000)

  afterAll(async () => await jenkins[Symbol.asyncDispose]())

  test('is tested on the Groovy of Jenkins', () => {
    expect(jenkins.groovyVersion).toBe('2.4.21')
  })

  describeCases(createJenkinsAdapter(() => jenkins))
  describePipelines(() => jenkins)
  describeFailures(() => jenkins)
  describeWindows(() => jenkins)
  describeParameters(() => jenkins)
  describeControls(() => jenkins)
  describeSandbox(() => jenkins)
  describeSharedVault(() => jenkins)
  describeProductSnippet(() => jenkins)
  describeReadme(() => jenkins)
  describePublishedTree(() => jenkins)
})

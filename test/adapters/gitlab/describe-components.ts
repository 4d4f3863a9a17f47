import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import {
  renderGitLabTemplates,
  writeGitLabProject,
} from '../../../scripts/build-gitlab-templates.ts'
import { asMap, checkInputs, fillIn, readComponent } from './component.ts'
import { whyWithout } from './debian-tools.ts'
import { scriptOf } from './run-job.ts'

const ROOT = path.resolve(import.meta.dirname, '../../../gitlab-templates')
const NAMES = ['cache', 'run', 'setup'] as const
/** Values for inputs that have no default. */
const NEEDED: Readonly<Record<string, string>> = { task: 'unit_tests', paths: 'node_modules' }
/** What a component may not set: it would change jobs that are none of its own. */
const GLOBAL_KEYWORDS = [
  'default',
  'stages',
  'workflow',
  'variables',
  'image',
  'services',
  'cache',
  'before_script',
  'after_script',
]

/** GitLab's keyword `cache` knows these; its published schema lets any other one pass. */
const CACHE_KEYS = ['key', 'paths', 'policy', 'untracked', 'unprotect', 'when', 'fallback_keys']

/** What GitLab's catalog asks of components, what its own linter would refuse, and what no tool checks. */
export function describeComponents(): void {
  const components = NAMES.map((name) => ({
    name,
    component: readComponent(path.join(ROOT, 'templates', name, 'template.yml')),
  }))

  test.each([...renderGitLabTemplates()])('%s is what its source makes of it', (file, content) => {
    expect(readFileSync(path.join(ROOT, file), 'utf8')).toBe(content)
  })

  test('what is published is a project of the catalog, and all of it is looked at here', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-published-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))

    writeGitLabProject(directory)

    expect(globSync(['.*', '**/*.*'], { cwd: directory }).toSorted()).toEqual([
      '.gitlab-ci.yml',
      'LICENSE.md',
      'README.md',
      'jobs.yml',
      ...NAMES.map((name) => `templates/${name}/template.yml`),
    ])
  })

  describe.each(components)('the component $name', ({ component }) => {
    const { inputs, unknownKeys, body } = component
    const given = Object.fromEntries(
      Object.entries(NEEDED).filter(([name]) => Object.hasOwn(inputs, name)),
    )

    test('describes every input and gives it a type, by keys that GitLab knows', () => {
      const without = Object.entries(inputs).filter(
        ([, spec]) => spec.description === undefined || !spec.isTyped,
      )

      expect(without).toEqual([])
      expect(unknownKeys).toEqual([])
    })

    test('uses every input, and none besides', () => {
      const places = JSON.stringify(body).matchAll(/\$\[\[ *inputs\.([\w-]+) *\]\]/g)

      expect(new Set([...places].map(([, name]) => name))).toEqual(new Set(Object.keys(inputs)))
    })

    test('takes its own defaults', () => {
      expect(checkInputs(component, given)).toEqual([])
    })

    test('puts no input into a script, where a shell would read it', () => {
      const jobs = Object.values(body)

      expect(jobs.map(scriptOf).join('\n')).not.toContain('$[[')
    })

    test('puts no list into a text, where it would lose its form', () => {
      const lists = Object.keys(inputs).filter((name) => inputs[name]?.type === 'array')
      const filled = JSON.stringify(
        fillIn(component, {
          ...given,
          ...Object.fromEntries(lists.map((name) => [name, ['a-list']])),
        }),
      )

      expect(filled.replaceAll('["a-list"]', '')).not.toContain('a-list')
    })

    test('gives GitLab’s own cache only keys that it knows', () => {
      const caches = inputs['runner-cache']?.default

      expect(caches).toEqual([
        { key: 'taskvault-$CI_JOB_NAME_SLUG', paths: ['.taskvault/cache'], when: 'always' },
      ])
      expect(CACHE_KEYS).toEqual(
        expect.arrayContaining(Object.keys(asMap((caches as unknown[])[0]))),
      )
    })

    test('sets nothing that is not its own job’s', () => {
      expect(Object.keys(body).filter((key) => GLOBAL_KEYWORDS.includes(key))).toEqual([])
      expect(Object.keys(body)).toHaveLength(1)
    })

    test('has a job whose name, stage and image can be chosen', () => {
      const [name] = Object.keys(body)
      const [job] = Object.values(body).map(asMap)

      expect(name).toContain('$[[ inputs.')
      for (const key of ['stage', 'image'].filter((each) => job && each in job)) {
        expect(job?.[key]).toMatch(/^\$\[\[ inputs\./)
      }
    })
  })

  describe('refuses', () => {
    const run = components.find(({ name }) => name === 'run')?.component

    test.each([
      ['no task', {}, 'task input: required value has not been provided'],
      ['a name with a space', { task: 'a b' }, 'task input: "a b" does not match ^\\S{1,200}$'],
      [
        'an unknown policy',
        { task: 't', policy: 'x' },
        'policy input: "x" is not one of pull-push, pull, push',
      ],
      [
        'a version that is none',
        { task: 't', version: 'latest' },
        'version input: "latest" does not match',
      ],
      [
        'a command for cli',
        { task: 't', cli: 'curl | sh' },
        'cli input: "curl | sh" does not match',
      ],
      ['a number', { task: 't', salt: 2 }, 'salt input: 2 is not of type string'],
      ['an input that there is not', { task: 't', input: 'a' }, 'unknown input input'],
    ])('%s', (_, inputs, message) => {
      expect(run && checkInputs(run, inputs)).toEqual([expect.stringContaining(message)])
    })
  })

  describe('the scripts', () => {
    const jobs = asMap(parse(readFileSync(path.join(ROOT, 'jobs.yml'), 'utf8')))
    const scripts = [
      ...components.flatMap(({ name, component }) =>
        Object.values(component.body).map((job) => [name, scriptOf(job)] as const),
      ),
      ...Object.entries(jobs).map(([name, job]) => [name, scriptOf(job)] as const),
    ]
    const noShellcheck = whyWithout('shellcheck')

    test.skipIf(noShellcheck !== undefined).each(scripts)(
      `of %s have no fault that shellcheck knows${noShellcheck === undefined ? '' : ` (${noShellcheck})`}`,
      (_, script) => {
        // Variables of the job are set outside of the script.
        const ran = spawnSync('shellcheck', ['--shell=sh', '--exclude=SC2154', '-'], {
          input: `${script}\n`,
          encoding: 'utf8',
        })

        expect(`${ran.stdout}${ran.stderr}`).toBe('')
      },
    )

    test.skipIf(noShellcheck !== undefined)('would be found to have faults', () => {
      const input = 'set -- run $TASK\n'

      expect(spawnSync('shellcheck', ['--shell=sh', '-'], { input }).status).toBe(1)
    })

    test('install nothing that was not named with its version, and never by curl | sh', () => {
      for (const [, script] of scripts) {
        expect(script).not.toMatch(/\b(?:curl|wget)\b/)
        expect(script).not.toMatch(/\beval\b/)
      }
    })
  })
}

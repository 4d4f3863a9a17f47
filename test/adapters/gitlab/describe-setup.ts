import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import cliPackage from '../../../packages/cli/package.json' with { type: 'json' }
import type { AdapterResult } from '../describe-cases.ts'
import { asMap, checkInputs, fillIn, readComponent } from './component.ts'
import { whyWithout } from './debian-tools.ts'
import { runJob } from './run-job.ts'

const SETUP = path.resolve(
  import.meta.dirname,
  '../../../gitlab-templates/templates/setup/template.yml',
)
const TASKVAULT = 'echo "this is taskvault, remote=$TASKVAULT_REMOTE"'

/** Where the command comes from: npm, the image, or a path. */
export function describeSetup(): void {
  const component = readComponent(SETUP)

  describe('the setup component', () => {
    test('installs exactly its own version with npm, once for a job, and runs no scripts of packages', async () => {
      const machine = createMachine({ npm: NPM })

      const ran = await machine.run({}, 'taskvault')
      const again = await machine.run({}, 'taskvault')

      expect([ran.exitCode, ran.output]).toEqual([0, 'this is taskvault, remote=\n'])
      expect(again.output).toBe(ran.output)
      expect(readLines(path.join(machine.project, '.taskvault/cli-77/.gitignore'))).toEqual(['*'])
      expect(machine.npmCalls()).toEqual([
        expect.stringMatching(
          `^install --prefix ${machine.project}/.taskvault/cli-77 --no-save --ignore-scripts .* @taskvault/cli@${cliPackage.version}$`,
        ),
      ])
    })

    test('installs the version that it is given', async () => {
      const machine = createMachine({ npm: NPM })

      await machine.run({ version: '1.2.3' }, 'true')

      expect(machine.npmCalls()[0]).toMatch(/@taskvault\/cli@1\.2\.3$/)
    })

    test('takes the command from the image, and asks npm for nothing', async () => {
      const machine = createMachine({ npm: NPM, taskvault: TASKVAULT })

      const ran = await machine.run(
        { cli: 'image', remote: 'https://vault.example.com' },
        'taskvault',
      )

      expect(ran.output).toBe('this is taskvault, remote=https://vault.example.com\n')
      expect(machine.npmCalls()).toEqual([])
    })

    test('takes it from a path with spaces', async () => {
      const machine = createMachine({})
      const cli = path.join(machine.project, 'a b', 'taskvault')
      writeCommand(cli, TASKVAULT)

      expect((await machine.run({ cli }, 'taskvault')).output).toBe('this is taskvault, remote=\n')
    })

    test.each([
      ['an image without it', { cli: 'image' }, 'cli "image": the image has no taskvault command'],
      ['an image without npm', {}, 'cli "npm": the image has no npm'],
      ['a path where it is not', { cli: '/no/taskvault' }, 'cli "/no/taskvault": there is no such'],
    ])('says what is wrong with %s, and runs nothing', async (_, inputs, message) => {
      const ran = await createMachine({}).run(inputs, 'echo went on')

      expect(ran.exitCode).toBe(64)
      expect(ran.output).toContain(message)
      expect(ran.output).not.toContain('went on')
    })

    test('goes on without the cache when npm fails, and says why, once', async () => {
      const tools = { mkdir: 'exec /bin/mkdir "$@"', rm: 'exec /bin/rm "$@"' }
      const files = { cat: 'exec /bin/cat "$@"', chmod: 'exec /bin/chmod "$@"' }
      const machine = createMachine({ ...tools, ...files, npm: 'echo no network; exit 7' })

      const ran = await machine.run({ version: '1.2.3' }, 'taskvault run t -- /bin/echo went on')
      const again = await machine.run({ version: '1.2.3' }, 'taskvault run t -- /bin/echo went on')

      expect(ran).toEqual({
        exitCode: 0,
        output:
          'went on\nwarning: this job runs without the cache: npm could not install @taskvault/cli@1.2.3: npm ended with status 7\n',
      })
      expect(again).toEqual({ exitCode: 0, output: 'went on\n' })
    })

    const noBusybox = whyWithout('busybox')

    test.skipIf(noBusybox !== undefined)('gives npm up in time on Alpine, too', async () => {
      const timeout = 'exec /bin/busybox timeout "$@"'
      const tools = { mkdir: 'exec /bin/mkdir "$@"', rm: 'exec /bin/rm "$@"' }
      const files = { cat: 'exec /bin/cat "$@"', chmod: 'exec /bin/chmod "$@"' }
      const npm = 'exec /bin/sleep 30'
      const machine = createMachine({ ...tools, ...files, npm, timeout, true: '' })

      const ran = await machine.run(
        { 'install-timeout': 1 },
        'taskvault run t -- /bin/echo went on',
      )

      expect(ran.exitCode, ran.output).toBe(0)
      expect(ran.output).toMatch(/^went on\n/)
      expect(ran.output).toMatch(/: npm took longer than 1 s$/m)
    })
  })

  function createMachine(commands: Readonly<Record<string, string>>) {
    const root = mkdtempSync(path.join(tmpdir(), 'taskvault-setup-'))
    onTestFinished(() => rmSync(root, { recursive: true, force: true }))
    const [project, bin] = [path.join(root, 'project'), path.join(root, 'bin')]
    for (const directory of [project, bin]) mkdirSync(directory)
    for (const [name, script] of Object.entries(commands))
      writeCommand(path.join(bin, name), script)
    // Nothing of this machine, which may have an npm of its own.
    const environment = {
      PATH: bin,
      CI_JOB_ID: '77',
      NPM_LOG: path.join(root, 'npm.log'),
    }
    return {
      project,
      async run(inputs: Readonly<Record<string, unknown>>, line: string): Promise<AdapterResult> {
        expect(checkInputs(component, inputs)).toEqual([])
        const [job] = Object.values(fillIn(component, inputs)).map(asMap)
        return await runJob(
          { ...job, script: [line] },
          { shell: ['/bin/sh', '-e'], project, environment },
        )
      },
      npmCalls: () => readLines(environment.NPM_LOG),
    }
  }
}

/** Does what npm would, as far as a job can tell. */
const NPM = `echo "$@" >> "$NPM_LOG"
/bin/mkdir -p "$3/node_modules/.bin"
printf '#!/bin/sh\\n%s\\n' '${TASKVAULT}' > "$3/node_modules/.bin/taskvault"
/bin/chmod +x "$3/node_modules/.bin/taskvault"`

function writeCommand(file: string, script: string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
}

function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n')
  } catch {
    return []
  }
}

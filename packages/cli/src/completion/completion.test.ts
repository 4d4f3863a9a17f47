import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { createProject, runMain } from '../testing/run-main.ts'

describe.each([
  ['bash', completeInBash],
  ['fish', completeInFish],
])('%s', (shell, complete) => {
  test.skipIf(!isInstalled(shell)).each([
    [
      'taskvault ',
      [
        'audit',
        'cache',
        'completion',
        'config',
        'doctor',
        'explain',
        'hash',
        'hooks',
        'init',
        'keys',
        'policy',
        'restore',
        'run',
        'save',
        'serve',
        'why',
      ],
    ],
    ['taskvault ca', ['cache']],
    ['taskvault cache s', ['save', 'show', 'stats']],
    ['taskvault --json cache s', ['save', 'show', 'stats']],
    ['taskvault completion ', ['bash', 'fish', 'powershell', 'zsh']],
    ['taskvault policy explain --br', ['--branch']],
    ['taskvault keys create x --role ', ['admin', 'engineer', 'external', 'viewer']],
    ['taskvault hooks install --method c', ['config']],
    ['taskvault init --c', ['--config', '--cwd']],
    // File names, which a shell offers when there are no other candidates.
    ['taskvault hash ', []],
    ['taskvault --config ', []],
    ['taskvault run x -- npm ', []],
  ])('%j offers %j', async (line, expected) => {
    const { stdout: script } = await runMain(['completion', shell], { cwd: '/' })

    expect(complete(script, line)).toEqual(expected)
  })
})

describe.each(['zsh', 'fish', 'powershell'])('%s', (shell) => {
  test('the script names every command and escapes quotes in summaries', async () => {
    const { code, stdout } = await runMain(['completion', shell], { cwd: '/' })

    expect(code).toBe(0)
    for (const word of ['/cache/save', 'invalidate', 'validate', '--json']) {
      expect(stdout).toContain(shell === 'fish' && word.startsWith('--') ? word.slice(2) : word)
    }
  })
})

test.skipIf(!isInstalled('zsh'))('zsh itself can read its script', async () => {
  const file = path.join(createProject(), 'script')
  writeFileSync(file, (await runMain(['completion', 'zsh'], { cwd: '/' })).stdout)

  expect(spawnSync('zsh', ['-n', file], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  })
})

test.skipIf(!isInstalled('zsh'))('zsh completes what stands behind -- by itself', async () => {
  const { stdout: script } = await runMain(['completion', 'zsh'], { cwd: '/' })
  const program = `compdef() { }
_normal() { print -r -- "$CURRENT of $words" }
${script}
words=(taskvault run x -- npm te); CURRENT=6
_taskvault`

  expect(execFileSync('zsh', ['-f', '-c', program], { encoding: 'utf8' })).toBe('2 of npm te\n')
})

test.skipIf(!isInstalled('zsh'))('zsh offers what the value of an option may be', async () => {
  const { stdout: script } = await runMain(['completion', 'zsh'], { cwd: '/' })
  const program = `compdef() { }
compadd() { print -r -- "$*" }
${script}
words=(taskvault keys create x --role ''); CURRENT=6
_taskvault`

  expect(execFileSync('zsh', ['-f', '-c', program], { encoding: 'utf8' })).toBe(
    'admin engineer viewer external\n',
  )
})

/** What bash would offer at the end of `line`, sorted. */
function completeInBash(script: string, line: string): readonly string[] {
  const words = line.split(' ')
  const program = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_taskvault
printf '%s\\n' "\${COMPREPLY[@]}"`
  return sortLines(execFileSync('bash', ['--norc', '-c', program], { encoding: 'utf8' }))
}

/** What fish would offer at the end of `line`, sorted; without the summaries. */
function completeInFish(script: string, line: string): readonly string[] {
  const program = `${script}
complete -C '${line}'`
  const offered = execFileSync('fish', ['--no-config', '-c', program], {
    cwd: createProject(),
    encoding: 'utf8',
  })
  return sortLines(offered.replaceAll(/\t.*/gv, ''))
}

function sortLines(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .toSorted()
}

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['--version']).status === 0
}

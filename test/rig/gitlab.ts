import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { writeGitLabProject } from '../../scripts/build-gitlab-templates.ts'
import { openRig } from './rig.ts'
import type { Rig } from './rig.ts'

const GITLAB_CI_LOCAL = path.resolve(import.meta.dirname, '../node_modules/.bin/gitlab-ci-local')
const SHELL = [
  '--force-shell-executor',
  '--shell-isolation',
  '--no-artifacts-to-source',
  '--no-color',
]

/** How a pipeline ended, and what it and its jobs printed. */
export interface Pipeline {
  readonly exitCode: number | null
  readonly output: string
}

/**
 * A shell executor has no use for an image. gitlab-ci-local does without one, too, but tells a job that
 * names one that its project lies in /builds.
 */
const IMAGE = /^ +image: \S.*\n/gm

/** A project on GitLab, with a runner: the templates as they are published, and gitlab-ci-local. */
export interface GitLab extends AsyncDisposable {
  readonly rig: Rig
  /** Absolute; where the jobs of all pipelines keep their results. */
  readonly cacheDirectory: string
  /** Absolute path of the command, as a runner would have it. */
  readonly cli: string
  /** Commits all files and runs the pipeline; variables are set as GitLab would. */
  pipeline(file: string, variables?: Readonly<Record<string, string>>): Promise<Pipeline>
  /** A file that jobs write to by its absolute path; lines, none when it is not there. */
  log(name: string): readonly string[]
  logPath(name: string): string
}

export async function openGitLab(files: Readonly<Record<string, string>>): Promise<GitLab> {
  const rig = openRig(files)
  const outside = path.join(path.dirname(rig.project), 'outside')
  mkdirSync(outside)
  writeGitLabProject(rig.project)
  const template = 'templates/run/template.yml'
  rig.write(template, rig.read(template).replaceAll(IMAGE, ''))
  for (const words of [
    ['init', '-q', '-b', 'main'],
    ['remote', 'add', 'origin', 'https://gitlab.example.com/group/project.git'],
    ['config', 'user.name', 'a'],
    ['config', 'user.email', 'a@example.com'],
  ]) {
    await rig.run(['git', ...words])
  }
  const logPath = (name: string): string => path.join(outside, name)
  return {
    rig,
    cacheDirectory: path.join(outside, 'cache'),
    cli: path.join(path.dirname(rig.project), 'bin', 'taskvault'),
    logPath,
    log: (name) =>
      existsSync(logPath(name))
        ? readFileSync(logPath(name), 'utf8')
            .split('\n')
            .filter((line) => line !== '')
        : [],
    async pipeline(file, variables = {}) {
      rig.write('.gitlab-ci.yml', file.replaceAll(IMAGE, ''))
      await rig.run(['git', 'add', '-A'])
      await rig.run(['git', 'commit', '-q', '--allow-empty', '-m', 'x'])
      await rig.run(['git', 'update-ref', 'refs/remotes/origin/main', 'HEAD'])
      await rig.run(['git', 'remote', 'set-head', 'origin', 'main'])
      const given = Object.entries(variables).flatMap(([name, value]) => [
        '--variable',
        `${name}=${value}`,
      ])
      const ignored = ['--ignore-predefined-vars', Object.keys(variables).join(',')]
      const words = [...SHELL, ...given, ...(given.length > 0 ? ignored : [])]
      const { exitCode, stdout, stderr } = await rig.run([GITLAB_CI_LOCAL, ...words])
      return { exitCode, output: `${stdout}${stderr}` }
    },
    [Symbol.asyncDispose]: async () => await rig[Symbol.asyncDispose](),
  }
}

import { readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { relative, sep } from 'node:path'
import { asTaskVaultError } from '../errors.ts'
import { writeAtomically } from '../files/write-atomically.ts'
import { runGit } from '../git/run-git.ts'
import type { Environment } from '../git/run-git.ts'
import { carryOut, findMissingDirectories } from './carry-out.ts'
import type { HooksView } from './hooks-view.ts'
import { recordPathIn, renderRecord, sha256Of } from './install-record.ts'
import type { InstallRecord } from './install-record.ts'
import { observeHooks } from './observe-hooks.ts'
import { isInstalled, planInstall, refuseInstall } from './plan-install.ts'
import type { InstallPlan, InstallWishes } from './plan-install.ts'
import { planUninstall } from './plan-uninstall.ts'
import type { UninstallWishes } from './plan-uninstall.ts'
import { findCommonDirectory } from './read-git-settings.ts'
import { carryOutRemoval } from './uninstall-hooks.ts'
import type { HookRequest } from './uninstall-hooks.ts'
import { whileLocked } from './while-locked.ts'

/** What the caller decides of an installation; the rest is found out. */
export type InstallOptions = Omit<InstallWishes, 'project' | 'platform'> &
  Pick<UninstallWishes, 'discardEdits'>

export interface InstallRequest extends HookRequest<InstallOptions> {
  /** The project whose tasks the hooks run; absolute, within the work tree. */
  readonly projectRoot: string
}

export interface Installation {
  /** False when everything was already as requested, and nothing was touched. */
  readonly isChanged: boolean
  readonly plan: InstallPlan
  /** The hooks after the installation. */
  readonly view: HooksView
}

/**
 * Installs our hooks in the repository that contains `cwd`. An earlier installation is removed first, so installing
 * twice, even with another version or method, is the same as installing once.
 * @throws {TaskVaultError} GIT_FAILED without a repository; HOOKS_REFUSED when existing hooks are not ours to change, or
 * were edited; PERMISSION_DENIED, DISK_FULL, IO_FAILED.
 */
export async function installHooks(request: InstallRequest): Promise<Installation> {
  const { cwd, env } = request
  return await whileLocked(findCommonDirectory(cwd, env), () => {
    const found = observeHooks(cwd, env)
    const project = findProject(request.projectRoot, found.workTree)
    const wishes = { ...request.wishes, project, platform: process.platform }
    refuseInstall(found, wishes)
    if (isInstalled(found, wishes))
      return { isChanged: false, plan: planInstall(found, wishes), view: found }
    carryOutRemoval(planUninstall(found, wishes), { view: found, cwd, env })
    const view = observeHooks(cwd, env)
    const plan = planInstall(view, wishes)
    carryOutInstall(plan, { view, cwd, env, wishes })
    return { isChanged: true, plan, view: observeHooks(cwd, env) }
  })
}

/** The project's place in the work tree; its root when it lies elsewhere, as in a bare repository. */
function findProject(projectRoot: string, workTree: string | undefined): string {
  if (workTree === undefined) return '.'
  const place = relative(realpathSync(workTree), realpathSync(projectRoot)).split(sep)
  return place[0] === '' || place[0] === '..' ? '.' : place.join('/')
}

interface Installing {
  readonly view: HooksView
  readonly cwd: string
  readonly env: Environment
  readonly wishes: InstallWishes
}

function carryOutInstall(plan: InstallPlan, installing: Installing): void {
  const { view, cwd, env } = installing
  const record = beginRecord(plan, installing)
  // Written before anything is changed, so that an installation that is cut short can be undone.
  const recordPath = recordPathIn(view.commonDirectory)
  writeRecord(recordPath, record)
  try {
    carryOut(plan.steps, {
      configurationPath: view.configuration.path,
      git: (...args) => void runGit(args, { workTree: cwd, project: cwd, env }),
    })
  } catch (error) {
    rmSync(recordPath, { force: true })
    throw error
  }
  writeRecord(recordPath, endRecord(record, view))
}

function beginRecord(plan: InstallPlan, { view, wishes }: Installing): InstallRecord {
  const { configuration, directory } = view
  const changed = plan.method === 'config' ? configuration.path : directory.absolutePath
  const beforeMs = modifiedAtMs(changed)
  return {
    format: 1,
    version: wishes.version,
    directory: plan.method === 'files' ? directory.absolutePath : undefined,
    created: plan.steps.flatMap((step) =>
      step.kind === 'make-directory' ? findMissingDirectories(step.path) : [],
    ),
    touched: beforeMs === undefined ? [] : [{ path: changed, beforeMs, afterMs: beforeMs }],
    configuration:
      plan.method === 'config'
        ? { beforeBase64: readFileSync(configuration.path, 'base64'), afterSha256: '' }
        : undefined,
  }
}

function endRecord(record: InstallRecord, { configuration: { path } }: HooksView): InstallRecord {
  return {
    ...record,
    touched: record.touched.map((each) => ({
      ...each,
      afterMs: modifiedAtMs(each.path) ?? each.afterMs,
    })),
    configuration: record.configuration && {
      ...record.configuration,
      afterSha256: sha256Of(readFileSync(path)),
    },
  }
}

function writeRecord(recordPath: string, record: InstallRecord): void {
  try {
    writeAtomically(recordPath, Buffer.from(renderRecord(record)))
  } catch (error) {
    throw asTaskVaultError(error, `write ${recordPath}`)
  }
}

function modifiedAtMs(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}

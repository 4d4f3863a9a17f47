import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import process from 'node:process'

/** A command that a Debian package brings: `initdb` of `postgresql`. */
export interface NeededCommand {
  readonly package: string
  /** Any of these paths. */
  readonly paths: readonly string[]
}

/**
 * Why a test cannot run here: the name of the missing package; undefined when all is there. In CI
 * nothing may be missing: there the test runs, and fails.
 */
export function missingPackage(needs: readonly NeededCommand[]): string | undefined {
  if (process.env['CI'] === 'true') return undefined
  const missing = needs.find(({ paths }) => !paths.some((path) => existsSync(path)))
  return missing === undefined ? undefined : `needs the Debian package ${missing.package}`
}

/** Ids of a user of this machine, for daemons that refuse to run as root; undefined when we are not root. */
export function idsOf(user: string): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const read = (flag: string): number =>
    Number(spawnSync('id', [flag, user], { encoding: 'utf8' }).stdout.trim())
  return { uid: read('-u'), gid: read('-g') }
}

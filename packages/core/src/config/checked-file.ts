import type { Check, Reading } from './checks.ts'
import { readConfigText } from './config-text.ts'
import { refuseProblems } from './problems.ts'
import { readYaml } from './read-yaml.ts'

export interface CheckedFileOptions<Value> {
  /** Files below it are called by their relative path; absolute. */
  readonly cwd: string
  readonly check: Check<Value>
  /** What to do when there is no such file. */
  readonly absentHint: string
  /** What to do when it is wrong. */
  readonly invalidHint: string
}

/**
 * Reads a configuration file of another kind than the vault's, with the same care. Undefined when it
 * says nothing.
 * @throws {TaskVaultError} CONFIG_NOT_FOUND; CONFIG_INVALID naming place, key, value and what is
 * allowed, for everything that is wrong at once.
 */
export async function readCheckedFile<Value>(
  file: string,
  { cwd, check, absentHint, invalidHint }: CheckedFileOptions<Value>,
): Promise<Value | undefined> {
  const { text, origin } = readConfigText(file, { cwd, absentHint })
  const { root, problems } = await readYaml(text, origin)
  const reading: Reading = { origin, problems: [...problems], sources: new Map() }
  const value = root === undefined ? undefined : check(root, [], reading)
  refuseProblems(reading.problems, invalidHint)
  return value
}

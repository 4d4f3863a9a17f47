import process from 'node:process'
import { parseArgs } from 'node:util'

/**
 * The one argument of a script that writes a tree: the directory to write it to, undefined when none is
 * given. Options are refused and made into no directory's name: the script ends with its usage.
 */
export function readDirectory(usage: string): string | undefined {
  try {
    const { positionals } = parseArgs({ allowPositionals: true })
    if (positionals.length <= 1) return positionals[0]
  } catch {
    // An option, and there are none.
  }
  return endWithUsage(usage)
}

/** The same of a script that has nowhere of its own to write to. */
export function requireDirectory(usage: string): string {
  return readDirectory(usage) ?? endWithUsage(usage)
}

function endWithUsage(usage: string): never {
  process.stderr.write(`Usage: ${usage}\n`)
  process.exit(64)
}

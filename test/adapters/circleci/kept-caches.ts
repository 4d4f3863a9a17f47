import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { PlainStep } from './expand-steps.ts'

/** What CircleCI's own cache keeps for the jobs of a project. */
export interface KeptCaches {
  /**
   * Does what a `restore_cache` or `save_cache` step does in `project`; other steps are none of its
   * business. Returns why the step failed; undefined when it did not.
   */
  play(step: PlainStep, project: string): string | undefined
  /** How often something was uploaded. */
  uploads(): number
  [Symbol.dispose](): void
}

const CHECKSUM = /\{\{ checksum "(.*?)" \}\}/g

function findLackingFile(key: unknown, project: string): string | undefined {
  const files = [...String(key).matchAll(CHECKSUM)].map(([, file = '']) => file)
  return files.find((file) => !existsSync(path.join(project, file)))
}

/**
 * A cache that keeps what it is given under keys: a key that is there is not written again; of those
 * that begin with a key that is asked for, the newest is found, and unpacked over what is there.
 */
export function openKeptCaches(branch: string): KeptCaches {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-kept-'))
  const kept = new Map<string, { readonly place: string; readonly copy: string }>()

  function save(key: string, project: string, place: string): void {
    if (kept.has(key)) return
    const copy = path.join(directory, String(kept.size))
    // What is not there is archived as nothing at all, with a warning.
    mkdirSync(copy)
    if (existsSync(path.resolve(project, place)))
      cpSync(path.resolve(project, place), copy, { recursive: true })
    kept.set(key, { place, copy })
  }

  function fillIn(key: unknown, project: string): string {
    return String(key)
      .replace('{{ .Branch }}', branch)
      .replaceAll(CHECKSUM, (_, file: string) =>
        createHash('sha256')
          .update(readFileSync(path.join(project, file)))
          .digest('base64'),
      )
  }

  return {
    play({ kind, fields }, project) {
      const { key, keys = [], paths = [] } = fields
      const [place = ''] = paths as readonly string[]
      if (kind === 'save_cache') {
        const lacking = findLackingFile(key, project)
        if (lacking !== undefined) return `error computing cache key: there is no ${lacking}`
        save(fillIn(key, project), project, place)
      }
      if (kind !== 'restore_cache') return undefined
      for (const wanted of (keys as readonly unknown[]).map((each) => fillIn(each, project))) {
        const found = [...kept].findLast(([name]) => name.startsWith(wanted))
        if (found === undefined) continue
        const { copy, place: former } = found[1]
        cpSync(copy, path.resolve(project, former), { recursive: true })
        break
      }
      return undefined
    },
    uploads: () => kept.size,
    [Symbol.dispose]() {
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'

/** A file by the schema that it is to keep to. */
export interface Checked {
  readonly schema: 'github-actions' | 'github-workflows'
  readonly text: string
}

/**
 * What the schema of SchemaStore has against a file, one sentence each. The program is check-jsonschema,
 * which has a copy of the schema in itself and asks nobody.
 */
export function checkSchema(program: string, { schema, text }: Checked): readonly string[] {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-schema-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const file = path.join(directory, 'checked.yml')
  writeFileSync(file, text)
  const words = ['--builtin-schema', `vendor.${schema}`, '--output-format', 'json', file]
  const { stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' })
  if (stdout === '') throw new Error(`${program} ${words.join(' ')}: ${stderr}`)
  const { errors } = JSON.parse(stdout) as { readonly errors: readonly Found[] }
  return errors.map(({ path: place, message, best_deep_match: best }) =>
    best === undefined ? `${place}: ${message}` : `${best.path}: ${best.message}`,
  )
}

interface Found {
  readonly path: string
  readonly message: string
  readonly best_deep_match?: { readonly path: string; readonly message: string }
}

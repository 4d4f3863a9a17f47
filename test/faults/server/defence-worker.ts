import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { DEFENCES, SMALL, openParts } from './defences.ts'

const options = JSON.parse(process.argv[2] ?? '') as { root: string; names: readonly string[] }

const outcomes: Record<string, string> = {}
for (const [index, name] of options.names.entries()) {
  const root = join(options.root, String(index))
  mkdirSync(root)
  await using parts = await openParts({ root, ...(name === 'less trusted floods' ? SMALL : {}) })
  const attack = DEFENCES[name]
  if (attack === undefined) throw new Error(`unknown: ${name}`)
  outcomes[name] = await attack(parts)
}
process.stdout.write(JSON.stringify(outcomes))

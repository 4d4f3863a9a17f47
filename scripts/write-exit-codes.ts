import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { renderExitCodesPage } from '../packages/cli/src/exit-codes.ts'

// Run after a change of the table: `node scripts/write-exit-codes.ts`. A test holds the page against it.
writeFileSync(path.join(import.meta.dirname, '..', 'docs', 'exit-codes.md'), renderExitCodesPage())

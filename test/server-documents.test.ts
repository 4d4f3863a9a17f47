import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { loadServerSettings } from '@taskvault/server'
import { expect, onTestFinished, test } from 'vitest'
import { readSnippets } from './rig/read-snippets.ts'

const ROOT = path.join(import.meta.dirname, '..')
const examples = ['docs/server.md', 'docs/trust.md'].flatMap((document) =>
  readSnippets(readFileSync(path.join(ROOT, document), 'utf8'))
    .filter(({ language, text }) => language === 'yaml' && !text.startsWith('scrape_configs:'))
    .map(({ line, text }) => ({ document, line, text })),
)

test('the pages about the server have examples', () => {
  expect(examples.length).toBeGreaterThan(2)
})

test.each(examples)('the example at line $line of $document is valid', async ({ text }) => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'taskvault-example-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  writeFileSync(path.join(directory, 'server.yaml'), text)

  const request = { cwd: directory, env: {}, configPath: 'server.yaml', defaultPort: 9999 }

  await expect(loadServerSettings(request)).resolves.toMatchObject({ isAuthenticated: true })
})

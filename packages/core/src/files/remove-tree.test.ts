import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const REMOVE = `
import { existsSync } from 'node:fs'
import { removeTree } from ${JSON.stringify(new URL('remove-tree.ts', import.meta.url).href)}
removeTree(process.argv[1])
if (existsSync(process.argv[1])) throw new Error('it is still there')
`

test('of several that remove the same tree at once, none is done before it is gone', async () => {
  const root = mkdtempSync(join(tmpdir(), 'taskvault-remove-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (let round = 0; round < 2; round += 1) {
    const tree = join(root, 'tree')
    fill(tree)
    const remove = async (): Promise<unknown> =>
      await promisify(execFile)(process.execPath, ['--input-type=module', '-e', REMOVE, tree])

    await expect(Promise.all([remove(), remove(), remove()])).resolves.toBeDefined()
    expect(existsSync(tree)).toBe(false)
  }
})

function fill(tree: string): void {
  for (let index = 0; index < 2_000; index += 1) {
    mkdirSync(join(tree, String(index % 40), String(index)), { recursive: true })
    writeFileSync(join(tree, String(index % 40), String(index), 'file'), '')
  }
}

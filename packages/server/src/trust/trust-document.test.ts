import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadServerSettings } from '../settings/load-server-settings.ts'
import { ACTIONS, ROLES, isAllowed } from './model/roles.ts'
import type { Role, Scope } from './principal.ts'
import { TRUST_LEVELS } from './principal.ts'

const DOCUMENT = readFileSync(path.join(import.meta.dirname, '../../../../docs/trust.md'), 'utf8')

test('the examples of the document are settings that a server takes', async () => {
  const examples = [...DOCUMENT.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = '']) => text)

  const settings = await Promise.all(examples.map(load))

  expect(settings.map(({ issuers }) => issuers.map(({ kind }) => kind))).toEqual([
    ['github', 'github-runtime', 'gitlab', 'circleci', 'jenkins'],
    [],
  ])
  expect(settings[0]?.issuers[0]?.admits).toEqual([{ tenant: 'default', owner: '65' }])
  expect(settings[1]?.certificates).toMatchObject([{ uri: 'spiffe://acme/ci/jenkins' }])
})

test('the document’s table of scopes has every level', () => {
  const levels = [...DOCUMENT.matchAll(/^\| `([a-z]+)` \((\d)\) \|/gm)].map(([, name, trust]) => [
    name,
    Number(trust),
  ])

  expect(Object.fromEntries(levels)).toEqual(TRUST_LEVELS)
})

test('the document’s table of roles is the one that is in force', () => {
  const rows = [...DOCUMENT.matchAll(/^\| `([a-z]+:[a-z]+)` \| (.*) \|$/gm)].map(
    ([, action, cells = '']) => [action, cells.split(' | ')],
  )
  const scope: Scope = { level: 'pr', name: 'github:1/pr:1' }

  const expected = ACTIONS.map((action) => {
    const may = (role: Role, tenantId: string, writes: Scope | undefined): boolean =>
      isAllowed({ role, tenantId, writes }, action)
    const cells = ROLES.map((role) => {
      if (!may(role, 'default', scope)) return 'no'
      if (!may(role, 'default', undefined)) return 'with a scope'
      return may(role, 'acme', scope) ? 'yes' : 'of the tenant `default`'
    })
    return [action, cells]
  })
  expect(rows).toEqual(expected)
})

async function load(
  text: string,
): Promise<Awaited<ReturnType<typeof loadServerSettings>>['trust']> {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-trust-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const configPath = path.join(directory, 'server.yaml')
  writeFileSync(configPath, text)
  const place = { cwd: directory, env: { HOME: directory }, configPath, defaultPort: 0 }
  return (await loadServerSettings(place)).trust
}

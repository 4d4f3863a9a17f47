import { expect, test } from 'vitest'
import type { Role, Scope } from '../principal.ts'
import { ACTIONS, ROLES, authorize, isAllowed } from './roles.ts'
import type { Action } from './roles.ts'

/* Every cell: admin, engineer, viewer, external. W: only with a scope to write; F: of the first tenant only. */
const CELLS: Readonly<Record<Action, string>> = {
  'blobs:read': 'y y y y',
  'blobs:write': 'W W n W',
  'entries:find': 'y y y y',
  'entries:publish': 'W W n W',
  'entries:list': 'y y y y',
  'entries:why': 'y y y n',
  'entries:remove': 'y n n n',
  'entries:invalidate': 'y n n n',
  'entries:quarantine': 'y n n n',
  'scopes:all': 'y n n n',
  'stats:read': 'y y y n',
  'audit:read': 'y n n n',
  'metrics:read': 'F n F n',
  'keys:manage': 'y n n n',
  'tenants:manage': 'F n n n',
}

const SCOPE: Scope = { level: 'pr', name: 'github:74/pr:17' }

const ALL_CELLS = Object.entries(CELLS).flatMap(([action, cells]) =>
  cells.split(' ').map((cell, index) => [action as Action, ROLES[index]!, cell] as const),
)

test('every action has a row, and every role a column', () => {
  expect(Object.keys(CELLS)).toEqual(ACTIONS)
  expect(ALL_CELLS).toHaveLength(ACTIONS.length * 4)
})

test.each(ALL_CELLS)('%s by %s: %s', (action, role, cell) => {
  const callers = [
    { tenantId: 'default', writes: SCOPE },
    { tenantId: 'default', writes: undefined },
    { tenantId: 'acme', writes: SCOPE },
  ]

  const answers = callers.map((caller) => isAllowed({ role, ...caller }, action))

  expect(answers).toEqual(EXPECTED[cell])
  for (const [index, caller] of callers.entries()) {
    const isRefused = refuses({ role, because: 'It is a test.', ...caller }, action)
    expect(isRefused).toBe(!answers[index])
  }
})

test('a refusal says why, and what it takes', () => {
  const who = {
    tenantId: 'default',
    role: 'engineer' as Role,
    writes: undefined,
    because: 'It is a fork’s.',
  }

  expect(() => authorize(who, 'entries:publish')).toThrow(/may not write: It is a fork’s\./)
  expect(() => authorize(who, 'keys:manage')).toThrow(
    expect.objectContaining({ code: 'FORBIDDEN', hint: 'It takes the role admin.' }),
  )
})

const EXPECTED: Readonly<Record<string, readonly boolean[]>> = {
  y: [true, true, true],
  n: [false, false, false],
  W: [true, false, true],
  F: [true, true, false],
}

function refuses(who: Parameters<typeof authorize>[0], action: Action): boolean {
  try {
    authorize(who, action)
    return false
  } catch {
    return true
  }
}

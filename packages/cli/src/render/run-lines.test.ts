import type { HitOutcome, NotSaved, SavedEntry } from '@taskvault/core'
import { describe, expect, test } from 'vitest'
import {
  renderRunning,
  renderNotSaved,
  renderPutBack,
  renderRunHit,
  renderRunSaved,
} from './run-lines.ts'

const NOW = 1_800_000_000_000

describe('a hit', () => {
  test('tells what was restored, what it saved, and when and where it had passed', () => {
    const hit = createHit({ written: ['out/a', 'out/b'], removed: ['out/c'], unchangedCount: 4 })

    expect(renderRunHit(hit, NOW)).toBe(
      'restored 3 files in 34 ms, saved 1 min 02 s (passed 2 hours ago on main)',
    )
  })

  test('tells that nothing had to be done', () => {
    expect(renderRunHit(createHit({ written: [], removed: [], unchangedCount: 1 }), NOW)).toContain(
      '1 file already in place in',
    )
    expect(renderRunHit(createHit({ written: [], removed: [], unchangedCount: 0 }), NOW)).toContain(
      'nothing to restore in',
    )
  })

  test('names what was put back, the first few of many', () => {
    const putBack = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

    expect(renderPutBack({ ...createHit(), putBack })).toEqual([
      'put back because they had been changed: a, b, c, d, e and 2 more',
    ])
    expect(renderPutBack(createHit())).toEqual([])
  })
})

test('a hit names apart what was removed, as the task had not made it', () => {
  const hit = createHit({ written: ['out/a'], removed: ['out/.cache'], unchangedCount: 4 })

  expect(renderPutBack({ ...hit, putBack: ['out/a', 'out/.cache'] })).toEqual([
    'put back because they had been changed: out/a',
    'removed because the task had not made them: out/.cache',
  ])
})

describe('a run', () => {
  test('tells what runs, and why', () => {
    expect(renderRunning(['npm', 'test'], [{ kind: 'file-changed', relativePath: 'a.ts' }])).toBe(
      'npm test (changed: a.ts)',
    )
    expect(renderRunning('npm test', [{ kind: 'unavailable', detail: 'locked' }])).toBe('npm test')
    expect(renderRunning('x'.repeat(500), [])).toHaveLength(201)
    expect(renderRunning('set -e\nmake\n', [])).toBe(String.raw`set -e\nmake`)
  })

  test('lets no name of a file begin a line or steer the terminal', () => {
    const relativePath = 'a\n::add-path::/tmp\u001b[2J'

    expect(renderRunning('echo 1\necho 2', [{ kind: 'file-added', relativePath }])).toMatch(
      /^\P{C}*$/u,
    )
  })

  test('tells what was saved', () => {
    const saved = { fileCount: 12, sizeBytes: 3 * 2 ** 20 } as SavedEntry

    expect(renderRunSaved(saved, { durationMs: 5000 })).toBe('saved 12 files, 3.00 MB, after 5.0 s')
    expect(renderRunSaved({ ...saved, fileCount: 0 }, { durationMs: 50 })).toBe(
      'saved the result after 50 ms',
    )
  })

  test('tells why others do not get it', () => {
    const remote = {
      kind: 'skipped',
      sentBytes: 0,
      because: 'A fork writes nothing.\n::x',
    } as const
    const saved = { fileCount: 0, sizeBytes: 0, remote } as SavedEntry

    expect(renderRunSaved(saved, { durationMs: 50 })).toMatch(
      /^saved the result after 50 ms, for this machine only \(A fork writes nothing\.\P{C}+\)$/u,
    )
  })

  test.each<[NotSaved, boolean, RegExp]>([
    [
      {
        kind: 'not-saved',
        because: 'inputs-changed',
        changes: [{ kind: 'file-changed', relativePath: 'a.ts' }],
      },
      true,
      /inputs changed while it ran \(changed: a\.ts\)/,
    ],
    [
      {
        kind: 'not-saved',
        because: 'inputs-changed',
        changes: [{ kind: 'file-added', relativePath: 'a.js' }],
        leftOut: { relativePath: 'a.js', pattern: '**/*.js', because: 'not-ignored' },
      },
      true,
      /\(added: a\.js\): a\.js may be a source, as git does not ignore it/,
    ],
    [
      { kind: 'not-saved', because: 'output-missing', message: 'Output dist is missing' },
      true,
      /Output dist is missing/,
    ],
    [
      { kind: 'not-saved', because: 'too-large', sizeBytes: 2 ** 30, limitBytes: 100 * 2 ** 20 },
      true,
      /1\.00 GB, more than the 100\.00 MB that max_size_bytes of its policy allows/,
    ],
    [{ kind: 'not-saved', because: 'notes-too-large' }, true, /wrote more than 4 MB/],
    [{ kind: 'not-saved', because: 'policy' }, false, /policy/],
    [{ kind: 'not-saved', because: 'not-writable' }, false, /may not write/],
    [{ kind: 'not-saved', because: 'no-save' }, false, /--no-save/],
    [{ kind: 'not-saved', because: 'read-only' }, false, /--read-only/],
    [{ kind: 'not-saved', because: 'output-unread' }, false, /its output was not read/],
    [{ kind: 'not-saved', because: 'secret-noted' }, true, /a secret/],
  ])('tells why not: %j', (notSaved, isWarning, text) => {
    expect(renderNotSaved(notSaved)).toMatchObject({
      isWarning,
      text: expect.stringMatching(text) as string,
    })
  })

  test('says what to do about files that came meanwhile, if nothing else is said of them', () => {
    const because = 'inputs-changed'
    const added = { kind: 'file-added', relativePath: 'cover.out' } as const
    const leftOut = { relativePath: 'a', pattern: '**/a', because: 'not-ignored' } as const

    expect(hintOf({ kind: 'not-saved', because, changes: [added] })).toContain('as its outputs')
    expect(hintOf({ kind: 'not-saved', because, changes: [added], leftOut })).toBeUndefined()
    const changed = { kind: 'file-changed', relativePath: 'a' } as const
    expect(hintOf({ kind: 'not-saved', because, changes: [changed] })).toBeUndefined()
  })

  test.each(['failed', 'interrupted', 'trouble'] as const)('%s goes without saying', (because) => {
    expect(renderNotSaved({ kind: 'not-saved', because })).toBeUndefined()
  })
})

function createHit(
  changes: HitOutcome['changes'] = { written: [], removed: [], unchangedCount: 0 },
): HitOutcome {
  return {
    kind: 'hit',
    task: 'unit_tests',
    key: 'k',
    exitCode: 0,
    changes,
    putBack: [],
    tookMs: 34,
    manifest: {
      createdAtMs: NOW - 7_300_000,
      exitCode: 0,
      durationMs: 62_000,
      origin: { branch: 'main' },
    },
  } as unknown as HitOutcome
}

function hintOf(notSaved: NotSaved): string | undefined {
  return renderNotSaved(notSaved)?.hint
}

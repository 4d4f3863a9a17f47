import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bundleWorker } from '../bundle-worker.ts'
import type { Patch } from '../patch-source.ts'
import { findUnsynced } from './find-unsynced.ts'
import { prepareProject } from './scenarios.ts'
import { traceOperation, whyNoTracing } from './trace.ts'

const obstacle = whyNoTracing()

describe.skipIf(obstacle !== undefined)(
  `a loss of power${obstacle === undefined ? '' : ` (${obstacle})`}`,
  () => {
    test('takes no save that was acknowledged, of several at once either', async () => {
      const { found, acknowledged } = await trace([])

      expect(found).toEqual([])
      expect(acknowledged).toEqual(['small', 'tree'])
    })

    test.each([
      [
        'acknowledged before its name was on the disk',
        {
          file: 'store/entries/publish-entry.ts',
          find: 'syncDirectory(blobsDirectory(store.cacheDirectory))',
          replace: '',
        },
      ],
      [
        'acknowledged before its row was on the disk',
        {
          file: 'store/entries/publish-entry.ts',
          find: "database.transaction('durable'",
          replace: "database.transaction('relaxed'",
        },
      ],
      [
        'a blob got its name before its bytes were on the disk',
        {
          file: 'store/entries/write-manifest.ts',
          find: "fsync: 'bytes'",
          replace: 'fsync: false',
        },
      ],
    ])('would show: %s', async (wanted, patch) => {
      const { found } = await trace([patch])

      expect(found).toContain(wanted)
    })
  },
)

async function trace(patches: readonly Patch[]) {
  const directory = mkdtempSync(join(tmpdir(), 'taskvault-durability-'))
  try {
    const project = join(directory, 'project')
    await prepareProject(project, 'save')
    const worker = await bundleWorker({ script: 'syscalls/worker.ts', directory, patches })
    const options = { operation: 'save', project, notesDirectory: directory, worker } as const
    const { calls, acknowledged } = await traceOperation(options)
    return { found: findUnsynced(calls), acknowledged }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

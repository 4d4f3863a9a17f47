import { createHttpClient, openS3ObjectStore } from '@taskvault/core'
import type { ObjectStore } from '@taskvault/core'
import { createMemoryObjectStore, startStrictS3Server } from '@taskvault/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../database/open-database.ts'
import { temporarySqlite } from '../../testing/temporary-database.ts'
import { describeDirectTransfer } from '../testing/describe-direct-transfer.ts'
import { openTestEngine } from '../testing/open-engine.ts'
import { MAINTAINER, sampleBlob } from '../testing/sample-entries.ts'

describeDirectTransfer(openStandIn)

test('a folder signs nothing: everything goes through the server', async () => {
  const opened = await openDatabase(temporarySqlite())
  const objects = createMemoryObjectStore()
  const { engine } = await openTestEngine(opened, { objects, isDirect: true })

  const [plan] = await engine.planUploads(MAINTAINER, [sampleBlob()])

  expect(plan?.direct).toBeUndefined()
})

async function openStandIn(): Promise<ObjectStore> {
  const server = await startStrictS3Server()
  onTestFinished(async () => await server[Symbol.asyncDispose]())
  const http = createHttpClient()
  onTestFinished(async () => await http[Symbol.asyncDispose]())
  return openS3ObjectStore(server.address, { env: server.env, http })
}

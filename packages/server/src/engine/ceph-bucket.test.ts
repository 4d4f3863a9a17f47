import {
  createHttpClient,
  createObjectBlobStore,
  createObjectEntryStore,
  openS3ObjectStore,
} from '@taskvault/core'
import type { ObjectStore } from '@taskvault/core'
import {
  describeBlobStore,
  describeEntryStore,
  describeObjectSigner,
  describeObjectStore,
} from '@taskvault/core/testing'
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest'
import { missingCeph, startCeph } from '../../../../test/services/ceph.ts'
import type { CephService } from '../../../../test/services/ceph.ts'
import { describeDirectTransfer } from './testing/describe-direct-transfer.ts'

const BUCKET = 'vault-tests'
const missing = missingCeph()

/** A real bucket: Ceph's gateway, whose cluster takes most of the time that this file takes. */
describe.skipIf(missing !== undefined)(
  `a bucket of Ceph${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let ceph: CephService
    let count = 0
    beforeAll(async () => {
      ceph = await startCeph()
      await ceph.createBucket(BUCKET)
    }, 180_000)
    afterAll(async () => await ceph[Symbol.asyncDispose]())

    describeObjectStore('Ceph', openPart)
    describeObjectSigner('Ceph', openPart)
    describeBlobStore('in Ceph', async () => createObjectBlobStore(await openPart()))
    describeEntryStore('in Ceph', async () => {
      const objects = await openPart()
      const blobs = createObjectBlobStore(objects)
      return { blobs, entries: createObjectEntryStore({ objects, blobs }) }
    })
    describe('an engine over it', () => {
      describeDirectTransfer(openPart)
    })

    /** An empty part of the bucket. */
    async function openPart(): Promise<ObjectStore> {
      count += 1
      const http = createHttpClient()
      onTestFinished(async () => await http[Symbol.asyncDispose]())
      return openS3ObjectStore(`s3://${BUCKET}/part${count}?endpoint=${ceph.endpoint}`, {
        env: { AWS_ACCESS_KEY_ID: ceph.accessKeyId, AWS_SECRET_ACCESS_KEY: ceph.secretAccessKey },
        http,
      })
    }
  },
)

import { parentPort, workerData } from 'node:worker_threads'
import { isTaskVaultError, systemErrorCode } from '../../errors.ts'
import type { ErrorCode } from '../../errors.ts'
import { openHashAlgorithm } from '../../hashing/open-hash-algorithm.ts'
import { takeClaim } from './batch-claim.ts'
import type { BatchClaim } from './batch-claim.ts'
import { fromTransfer } from './batch-transfer.ts'
import type { BatchTransfer } from './batch-transfer.ts'
import { createFrameReader } from './frame-reader.ts'
import { unpackBatch } from './unpack-batch.ts'

/** A batch for whoever takes the claim. */
export interface BatchQuestion {
  readonly batch: BatchTransfer
  readonly claim: BatchClaim
}

/** What a worker answers to one batch; errors lose their class between threads, so they travel as data. */
export type BatchAnswer =
  | { readonly kind: 'done'; readonly identities: Float64Array }
  | { readonly kind: 'taken' }
  | {
      readonly kind: 'failed'
      readonly message: string
      readonly code: ErrorCode | undefined
      readonly systemCode: string | undefined
    }

/** Entry point of the threads that unpack files: answers each batch with one message. */
async function answerBatches(): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('restore-worker is started as a worker thread only')
  const algorithm = await openHashAlgorithm(String(workerData))
  const unpacking = { algorithm, frames: createFrameReader() }
  port.on('message', ({ batch, claim }: BatchQuestion) => {
    const given: BatchAnswer = takeClaim(claim)
      ? answer(() => unpackBatch(fromTransfer(batch), unpacking))
      : { kind: 'taken' }
    port.postMessage(given)
  })
}

function answer(work: () => Float64Array): BatchAnswer {
  try {
    return { kind: 'done', identities: work() }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const code = isTaskVaultError(error) ? error.code : undefined
    return { kind: 'failed', message, code, systemCode: systemErrorCode(error) }
  }
}

void answerBatches()

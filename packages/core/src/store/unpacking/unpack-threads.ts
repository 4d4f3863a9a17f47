import { Worker } from 'node:worker_threads'
import { TaskVaultError } from '../../errors.ts'
import { findWorkerFile } from '../../files/find-worker-file.ts'
import type { HashAlgorithm } from '../../hashing/hash-algorithm.ts'
import type { BatchClaim } from './batch-claim.ts'
import { toTransfer } from './batch-transfer.ts'
import type { BatchAnswer, BatchQuestion } from './restore-worker.ts'
import type { UnpackBatch } from './unpack-batch.ts'

/** A thread that unpacks batches in the order in which it gets them. */
export interface UnpackThread extends AsyncDisposable {
  /**
   * @returns the files' identities, one after the other; undefined when another has taken the claim.
   * @throws {TaskVaultError} BLOB_CORRUPT; IO_FAILED when the thread has ended, as for want of memory;
   * errors of the operating system with their code.
   */
  unpack(batch: UnpackBatch, claim: BatchClaim): Promise<Float64Array | undefined>
}

// A batch needs little; without limits each thread's heap grows to what the machine has.
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 }

export function startUnpackThread(algorithm: HashAlgorithm): UnpackThread {
  const file = findWorkerFile('restore-worker', import.meta.url)
  if (file === undefined) throw new Error(`restore-worker is missing beside ${import.meta.url}`)
  const worker = new Worker(file, {
    workerData: algorithm.name,
    resourceLimits: RESOURCE_LIMITS,
  })
  const asked: PromiseWithResolvers<BatchAnswer>[] = []
  let ended: TaskVaultError | undefined
  const end = (reason: string, cause?: unknown): void => {
    ended ??= new TaskVaultError('IO_FAILED', `A thread that unpacks files ended: ${reason}`, {
      cause,
    })
    for (const answered of asked.splice(0)) answered.reject(ended)
  }
  worker.on('message', (answer: BatchAnswer) => asked.shift()?.resolve(answer))
  worker.on('error', (error) => end(error instanceof Error ? error.message : String(error), error))
  worker.on('exit', () => end('nobody asked it to'))
  return {
    // Not `async`: what waits for the answer would keep the batch, which is much larger than its question.
    unpack(batch, claim) {
      // It answers nothing any more.
      if (ended !== undefined) return Promise.reject(ended)
      const answered = Promise.withResolvers<BatchAnswer>()
      asked.push(answered)
      const question: BatchQuestion = { batch: toTransfer(batch, algorithm.digestBytes), claim }
      worker.postMessage(question)
      return answered.promise.then(identitiesOf)
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    },
  }
}

function identitiesOf(answer: BatchAnswer): Float64Array | undefined {
  if (answer.kind === 'done') return answer.identities
  if (answer.kind === 'taken') return undefined
  if (answer.code !== undefined) throw new TaskVaultError(answer.code, answer.message)
  throw Object.assign(new Error(answer.message), { code: answer.systemCode })
}

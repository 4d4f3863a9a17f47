/**
 * Says whether somebody makes a batch already. It lies in memory that all threads see, so that each can
 * take the next batch whatever the others are at; nobody has to be asked, or to answer.
 */
export type BatchClaim = Int32Array<SharedArrayBuffer>

export function createClaim(): BatchClaim {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
}

/** Takes a batch. @returns false when another thread has. */
export function takeClaim(claim: BatchClaim): boolean {
  return Atomics.exchange(claim, 0, 1) === 0
}

export function isTaken(claim: BatchClaim): boolean {
  return Atomics.load(claim, 0) === 1
}

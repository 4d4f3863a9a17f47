import { nonsense } from '../failures.ts'
import type { HttpAnswer } from '../http/http-client.ts'

/* What stores of objects that speak HTTP make of answers that bring no bytes. */

/** Nothing is there. */
export async function dropped(answer: HttpAnswer): Promise<undefined> {
  await answer.drop()
}

/** An object is smaller than whoever asks for part of it was told. */
export async function outside(answer: HttpAnswer, key: string): Promise<Error> {
  await answer.drop()
  return nonsense(`Object ${key} has fewer bytes than requested`)
}

export async function* noPieces(): AsyncGenerator<Uint8Array, void> {
  // Nothing.
}

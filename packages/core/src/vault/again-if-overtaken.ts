import { isOvertaken } from '../outputs/apply-plan.ts'

/** Outputs are put in place one after the other, and somebody else may be before us with each. */
const MOST_OVERTAKEN = 5

/**
 * Restores anew if somebody else changed the outputs meanwhile. What they put in place is looked at again, and stays:
 * they restore the same.
 * @param restore stages and applies; disposes what it staged also when that fails.
 * @throws what `restore` throws otherwise, or again and again.
 */
export async function againIfOvertaken<Result>(restore: () => Promise<Result>): Promise<Result> {
  for (let left = MOST_OVERTAKEN; ; left -= 1) {
    try {
      return await restore()
    } catch (error) {
      if (left === 0 || !isOvertaken(error)) throw error
    }
  }
}

import { Refusal } from '../../http/refusal.ts'

const MOST_BLOCKS = 50_000
const BLOCK = /<(Latest|Uncommitted|Committed)>\s*([A-Za-z0-9+/=]{1,128})\s*<\/\1>/g

/**
 * The block ids of an Azure block list, in the order in which their bytes make the blob. Clients differ in
 * which of the three names they use; all mean the block that was sent under the id.
 * @throws {TaskVaultError} REQUEST_INVALID when the text is no block list.
 */
export function parseBlockList(xml: string): readonly string[] {
  const body = /<BlockList>(.*)<\/BlockList>|<BlockList\s*\/>/s.exec(xml)
  if (body === null) throw new Refusal('REQUEST_INVALID', 'The body is no BlockList')
  const inner = body[1] ?? ''
  const ids = [...inner.matchAll(BLOCK)].map(([, , id]) => id as string)
  if (inner.replaceAll(BLOCK, '').trim() !== '') {
    throw new Refusal('REQUEST_INVALID', 'The BlockList has elements that are no blocks')
  }
  if (ids.length > MOST_BLOCKS) {
    throw new Refusal('REQUEST_TOO_LARGE', `A BlockList has at most ${MOST_BLOCKS} blocks`)
  }
  return ids
}

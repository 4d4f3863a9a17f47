import { Refusal } from '../../http/errors/refusal.ts'

/** As many as an entry can need. */
const MOST_BLOCKS = 20_000
const BLOCK = /<(Latest|Uncommitted|Committed)>\s*([A-Za-z0-9+/=]{1,128})\s*<\/\1>/g
const START = '<BlockList>'
const END = '</BlockList>'

/**
 * The block ids of an Azure block list, in the order in which their bytes make the blob. Clients differ in
 * which of the three names they use; all mean the block that was sent under the id.
 * @throws {TaskVaultError} REQUEST_INVALID when the text is no block list.
 */
export function parseBlockList(xml: string): readonly string[] {
  const inner = contentOf(xml)
  const ids = [...inner.matchAll(BLOCK)].map(([, , id]) => id as string)
  if (inner.replaceAll(BLOCK, '').trim() !== '') {
    throw new Refusal('REQUEST_INVALID', 'The BlockList has elements that are not blocks')
  }
  if (ids.length > MOST_BLOCKS) {
    throw new Refusal('REQUEST_TOO_LARGE', `A BlockList has at most ${MOST_BLOCKS} blocks`)
  }
  return ids
}

/** Searched for as text: a pattern from one tag to the other takes hours on a body that never closes. */
function contentOf(xml: string): string {
  const start = xml.indexOf(START)
  const end = xml.lastIndexOf(END)
  if (start !== -1 && start < end) return xml.slice(start + START.length, end)
  if (start === -1 && /<BlockList\s*\/>/.test(xml)) return ''
  throw new Refusal('REQUEST_INVALID', 'The body is not a BlockList')
}

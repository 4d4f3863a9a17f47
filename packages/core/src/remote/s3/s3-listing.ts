import { nonsense } from '../failures.ts'
import type { ListedObject } from '../objects/object-store.ts'

/** One answer to a request for a list. */
export interface S3ListPage {
  readonly objects: readonly ListedObject[]
  /** Asks for the next page; undefined on the last one. */
  readonly next: string | undefined
}

/**
 * Reads the XML of ListObjectsV2. Its form is fixed, and keys of ours contain nothing that XML would
 * write otherwise; objects with other keys are nobody's we know.
 * @throws {TaskVaultError} REMOTE_INVALID
 */
export function parseS3List(xml: string, prefix: string): S3ListPage {
  if (!xml.includes('<ListBucketResult')) throw nonsense('The bucket did not answer with a list')
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].flatMap(([, fields = '']) => {
    const key = readElement(fields, 'Key') ?? ''
    const sizeBytes = Number(readElement(fields, 'Size'))
    const modifiedAtMs = Date.parse(readElement(fields, 'LastModified') ?? '')
    if (!Number.isSafeInteger(sizeBytes) || Number.isNaN(modifiedAtMs))
      throw nonsense('The bucket answered with a malformed list')
    if (!key.startsWith(prefix)) return []
    return [{ key: key.slice(prefix.length), sizeBytes, modifiedAtMs }]
  })
  const isWhole = readElement(xml, 'IsTruncated') !== 'true'
  const next = isWhole ? undefined : readElement(xml, 'NextContinuationToken')
  if (!isWhole && next === undefined) throw nonsense('The bucket sent an incomplete list')
  return { objects, next }
}

/** The text of the first element with this name. */
export function readElement(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  return text
    ?.replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
}

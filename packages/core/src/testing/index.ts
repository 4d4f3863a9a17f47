export { connectGithubStores } from './connect-github-stores.ts'
export { connectStores } from './connect-stores.ts'
export type { ConnectedStores } from './connect-stores.ts'
export { describeBlobStore } from './describe-blob-store.ts'
export { describeEntryStore } from './describe-entry-store.ts'
export type { OpenStores } from './describe-entry-store.ts'
export { describeObjectSigner } from './describe-object-signer.ts'
export { contentOf, describeObjectStore } from './describe-object-store.ts'
export { createMemoryObjectStore } from './memory-object-store.ts'
export {
  blobOf,
  piecesOf,
  readAll,
  sampleBlob,
  sampleBytes,
  sampleDraft,
  sampleKey,
} from './sample-blobs.ts'
export type { SampleBlob } from './sample-blobs.ts'
export type { Checkout, CheckoutOptions } from './checkout.ts'
export { startStrictS3Server } from './strict-s3-server.ts'
export type { StrictS3Server } from './strict-s3-server.ts'
export { startFaultyProxy } from './faulty-proxy.ts'
export type { Fault, FaultyProxy } from './faulty-proxy.ts'
export { VERSION_BYTES, VERSION_PART_BYTES, pulledBytes, writeVersion } from './two-versions.ts'
export { createSharedFolder, useCheckout } from './use-checkout.ts'

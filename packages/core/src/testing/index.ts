export { describeObjectSigner } from './describe-object-signer.ts'
export { contentOf, describeObjectStore, readAll, sampleBytes } from './describe-object-store.ts'
export { startStrictS3Server } from './strict-s3-server.ts'
export type { StrictS3Server } from './strict-s3-server.ts'

/*
 * What the tests of faults use of the server's inside. Its public entry starts whole servers; here,
 * faults are put under an engine, or into it.
 */
export { verifyAudit } from '../../../packages/server/src/database/read-audit.ts'
export { openDatabase } from '../../../packages/server/src/database/open-database.ts'
export type { OpenDatabase } from '../../../packages/server/src/database/open-database.ts'
export { createEngine } from '../../../packages/server/src/engine/create-engine.ts'
export type { Engine } from '../../../packages/server/src/engine/engine.ts'
export {
  DEFAULT_LIMITS,
  DEFAULT_TIMES,
} from '../../../packages/server/src/engine/engine-options.ts'
export type { RunningEngine } from '../../../packages/server/src/engine/engine-options.ts'
export { findMiscounts } from '../../../packages/server/src/engine/testing/find-miscounts.ts'
export {
  ADMIN,
  MAIN,
  MAINTAINER,
  PULL,
  STRANGER,
  addSession,
  addTenant,
  draftOf,
  place,
  readBlob,
  sampleBlob,
  save,
  send,
  streamOf,
  writerOf,
} from '../../../packages/server/src/engine/testing/sample-entries.ts'

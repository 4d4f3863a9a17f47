import type { Protocol } from '../../http/protocol.ts'
import { addAuditRoutes } from './audit-routes.ts'
import { addBlobBatchRoutes } from './blob-batch-routes.ts'
import { addBlobRoutes } from './blob-routes.ts'
import { addEntryRoutes } from './entry-routes.ts'
import { addKeyRoutes } from './key-routes.ts'
import { createQuickQuestions } from './quick-questions.ts'
import { taskOf } from './record-of.ts'
import { addSessionRoutes } from './session-routes.ts'
import { addSigningKeyRoutes } from './signing-key-routes.ts'
import { addTaskRoutes } from './task-routes.ts'
import { addTenantRoutes } from './tenant-routes.ts'
import { addVaultRoutes } from './vault-routes.ts'

/** The protocol of our own clients, below /v1; docs/protocol.md describes it. */
export const nativeProtocol: Protocol = {
  name: 'native',
  taskOf,
  createQuickQuestions,
  register: (app, services) => {
    addSessionRoutes(app, services)
    addBlobBatchRoutes(app, services)
    addBlobRoutes(app, services)
    addTaskRoutes(app, services)
    addEntryRoutes(app, services)
    addVaultRoutes(app, services)
    addKeyRoutes(app, services)
    addSigningKeyRoutes(app, services)
    addTenantRoutes(app, services)
    addAuditRoutes(app, services)
  },
}

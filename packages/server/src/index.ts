export type { Engine } from './engine/engine.ts'
export type { Principal, Role, Scope, TrustLevel } from './trust/principal.ts'

export type { ProgressPhase, Report, VaultEvent } from '../model/events.ts'

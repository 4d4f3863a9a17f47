import { join } from 'node:path'
import type { Settings } from '../config/settings.ts'
import type { ResolvedPolicy } from '../model/policy.ts'

/** Settings that limit nothing, for a project with its cache beside its files. */
export function sampleSettings(projectRoot: string, changes: Partial<Settings> = {}): Settings {
  return {
    projectRoot,
    configPath: undefined,
    cacheDirectory: join(projectRoot, 'cache'),
    maxSizeBytes: 2 ** 40,
    hashAlgorithm: 'blake3',
    logLevel: 'info',
    servicePort: 9999,
    policies: {},
    branches: {},
    tasks: {},
    secrets: [],
    ...changes,
  }
}

/** What applies where nobody has decided anything. */
export const SAMPLE_POLICY: ResolvedPolicy = {
  ttlSeconds: undefined,
  maxSizeBytes: undefined,
  strategy: 'lru',
  cacheFailures: false,
  write: true,
}

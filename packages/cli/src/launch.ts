import { join } from 'node:path'
import type { ConfigMemoryPlace } from '@taskvault/core'
import packageFile from '../package.json' with { type: 'json' }

/** What bin/taskvault.js knows of the command that it starts. */
export interface Launch {
  /** Where this user's programs keep what they can do without; undefined where there is no such place. */
  readonly userCache?: string | undefined
  /** Tells this build of the command from others of the same version. */
  readonly build?: string | undefined
  /** Has this process make do with less memory from now on. Takes a while, and is for work that is large. */
  readonly limitMemory?: (() => void) | undefined
}

/** Where this build keeps what it found configurations to say; undefined where nothing can be kept. */
export function memoryOf({ userCache, build }: Launch): ConfigMemoryPlace | undefined {
  if (userCache === undefined || build === undefined) return undefined
  return { directory: join(userCache, 'configurations'), readBy: `${packageFile.version} ${build}` }
}

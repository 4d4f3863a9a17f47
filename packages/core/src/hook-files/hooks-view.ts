import type { GitHook } from '../model/task.ts'
import type { GitVersion } from './git-version.ts'
import type { HookManager } from './hook-managers.ts'
import type { FoundScript } from './hook-script.ts'
import type { InstallRecord } from './install-record.ts'

/** What is at the path of a hook. */
export type HookFile =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'ours'
      readonly script: FoundScript
      readonly text: string
      readonly isExecutable: boolean
    }
  | {
      readonly kind: 'foreign'
      readonly manager: HookManager | undefined
      readonly isExecutable: boolean
      /** Whether it acts on the name that it was started under, and so cannot be renamed. */
      readonly readsOwnName: boolean
    }
  /** A directory, or anything else that cannot be a hook. */
  | { readonly kind: 'unusable' }

/** One hook in a directory of hooks. */
export interface HookPlace {
  readonly absolutePath: string
  readonly file: HookFile
  /** Where a hook that was there before ours is kept, and whether something lies there. */
  readonly keptPath: string
  readonly kept: 'absent' | 'executable' | 'inert'
}

export type HookPlaces = Readonly<Record<GitHook, HookPlace>>

/** A `core.hooksPath` that is in force. */
export interface HooksPath {
  /** As it was written. */
  readonly value: string
  readonly scope: string
  /** `file:/home/me/.gitconfig`, as git says it. */
  readonly origin: string
}

/** The directory in which git looks for hook files. */
export interface HooksDirectory {
  readonly absolutePath: string
  readonly exists: boolean
  readonly hooksPath: HooksPath | undefined
  /** Who else would run our hooks if they were put there: it decides whether they may be. */
  readonly audience: 'this-repository' | 'team' | 'every-repository' | 'nobody'
  /** Who owns all of the directory. */
  readonly manager: HookManager | undefined
  readonly places: HookPlaces
}

/** `hook.taskvault-<hook>.…` in the configuration of the repository. */
export interface ConfiguredHook {
  readonly command: string | undefined
  readonly events: readonly string[]
  readonly isEnabled: boolean
}

/** The hooks of one repository as they are: everything that planning and examining need to know. */
export interface HooksView {
  readonly git: GitVersion
  /** Root of the work tree; undefined in a bare repository. Absolute. */
  readonly workTree: string | undefined
  /** Shared by all work trees of the repository. Absolute. */
  readonly commonDirectory: string
  readonly directory: HooksDirectory
  /**
   * Directories that git does not use now, but that may hold our hooks: the repository's own hooks directory, and the
   * one that they were installed in.
   */
  readonly passedOver: readonly HookPlaces[]
  /** Where the pre-commit framework keeps the hooks that were there before it, and runs them from. */
  readonly takenOver: HookPlaces
  /** Hook scripts that git's configuration names; git does not look for them itself. */
  readonly scripts: HookPlaces
  readonly configured: Readonly<Record<GitHook, ConfiguredHook | undefined>>
  /** Hook managers that the project has a configuration for, installed or not. */
  readonly configuredManagers: readonly HookManager[]
  /** Work trees in which a relative `core.hooksPath` points to no directory. */
  readonly unreachedWorkTrees: readonly string[]
  /** The repository's own configuration file, and the digest of its bytes. */
  readonly configuration: { readonly path: string; readonly sha256: string }
  /** What the last installation recorded. */
  readonly record: InstallRecord | undefined
}

import { renderBashCompletion } from './bash.ts'
import type { CommandPlace } from './command-tree.ts'
import { renderFishCompletion } from './fish.ts'
import { renderPowerShellCompletion } from './powershell.ts'
import { renderZshCompletion } from './zsh.ts'

export type Shell = 'bash' | 'zsh' | 'fish' | 'powershell'

/** Writes a shell's script for a command tree. */
export type RenderScript = (places: readonly CommandPlace[]) => string

export const COMPLETION_SCRIPTS: Readonly<Record<Shell, RenderScript>> = {
  bash: renderBashCompletion,
  zsh: renderZshCompletion,
  fish: renderFishCompletion,
  powershell: renderPowerShellCompletion,
}

export function isShell(text: string): text is Shell {
  return Object.hasOwn(COMPLETION_SCRIPTS, text)
}

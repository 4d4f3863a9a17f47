import { spawnPiped } from '@taskvault/core'
import type { HookSurroundings } from '@taskvault/core'
import type { Cli } from '../cli.ts'
import { findTerminalSpawn, isAttended } from '../spawn-in-terminal.ts'

/** How a task's command is started, and where its output goes. */
export async function findSurroundings({ host, signals }: Cli): ReturnType<HookSurroundings> {
  const spawnInTerminal = await findTerminalSpawn(host)
  return {
    output: { stdout: host.stdout, stderr: host.stderr },
    isTerminal: host.stdout.isTTY === true,
    // A command with a terminal of its own is out of reach of ours.
    sharesTerminal: spawnInTerminal === undefined && isAttended(host),
    spawn: spawnInTerminal ?? spawnPiped,
    signals: signals.ofCommand,
    signal: signals.stopped,
  }
}

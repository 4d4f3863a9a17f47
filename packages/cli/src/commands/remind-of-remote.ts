import type { Cli } from '../cli.ts'

/** What was removed on this machine comes back from a store that others share. */
export async function remindOfRemote(cli: Cli, hint: string): Promise<void> {
  const { remote } = await cli.settings()
  if (remote === undefined) return
  cli.voice.remark(`The remote store keeps what it has of it, for the next run to find. ${hint}`)
}

import type { ServerAdministration } from '@taskvault/core'
import type { Cli } from '../cli.ts'

/** The server that the configuration names, closed when the command ends. */
export async function openServerOf(cli: Cli): Promise<ServerAdministration> {
  const { openServer } = await import('@taskvault/core')
  const { remote } = await cli.settings()
  const { env, now } = cli.host
  return cli.closeAtEnd(await openServer({ remote, env, now }))
}

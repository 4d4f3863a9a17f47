import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createLogger, loadServerSettings, startServer } from '@taskvault/server'

export interface VaultServer extends AsyncDisposable {
  readonly url: string
  /** The administrator's. */
  readonly key: string
  /** Where it keeps everything that is in no bucket; absolute. */
  readonly directory: string
  readonly log: () => string
}

export interface VaultServerOptions {
  /** Lines of the server's configuration file. */
  readonly config?: string
  readonly env?: Readonly<Record<string, string>>
}

/** A server as `taskvault serve` starts it, in this process, at a free port. */
export async function startVaultServer(options: VaultServerOptions = {}): Promise<VaultServer> {
  const { config = '', env = {} } = options
  const directory = mkdtempSync(path.join(tmpdir(), 'taskvault-server-'))
  const configPath = path.join(directory, 'server.yaml')
  writeFileSync(configPath, `data_dir: data\n${config}`)
  const settings = await loadServerSettings({
    cwd: directory,
    env,
    configPath,
    port: 0,
    defaultPort: 0,
  })
  const lines: string[] = []
  const logger = createLogger('debug', { write: (line) => void lines.push(line) })
  const server = await startServer({ settings, logger, env, now: Date.now })
  return {
    url: server.url,
    key: server.adminKey ?? '',
    directory,
    log: () => lines.join(''),
    async [Symbol.asyncDispose]() {
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

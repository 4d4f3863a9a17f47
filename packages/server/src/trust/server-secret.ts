import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { TaskVaultError, ensureDirectory, systemErrorCode } from '@taskvault/core'

const SECRET_BYTES = 32

/**
 * The secret of a server, from a file that only its owner can read; made when there is none. Of many
 * servers that start at once on one directory, all get the same.
 * @throws {TaskVaultError} CONFIG_INVALID when the file is no secret.
 */
export function readServerSecret(absolutePath: string): Uint8Array {
  return readSecret(absolutePath) ?? createSecret(absolutePath)
}

/** The secret that settings or the environment give: 32 bytes or more, in hexadecimal. */
export function parseServerSecret(text: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2}){32,128}$/i.test(text.trim())) {
    throw new TaskVaultError('CONFIG_INVALID', 'The server’s secret cannot be read', {
      hint: 'Make one with: openssl rand -hex 32',
    })
  }
  return Buffer.from(text.trim(), 'hex')
}

function readSecret(absolutePath: string): Uint8Array | undefined {
  try {
    return parseServerSecret(readFileSync(absolutePath, 'utf8'))
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whole under another name first: nobody reads half a secret, and the first link stays. */
function createSecret(absolutePath: string): Uint8Array {
  ensureDirectory(path.dirname(absolutePath), 0o700)
  const temporary = `${absolutePath}.${randomBytes(6).toString('hex')}`
  const text = `${randomBytes(SECRET_BYTES).toString('hex')}\n`
  writeFileSync(temporary, text, { flag: 'wx', mode: 0o600, flush: true })
  try {
    linkSync(temporary, absolutePath)
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error
  } finally {
    rmSync(temporary, { force: true })
  }
  const made = readSecret(absolutePath)
  if (made === undefined) throw new Error(`${absolutePath} is gone again`)
  return made
}

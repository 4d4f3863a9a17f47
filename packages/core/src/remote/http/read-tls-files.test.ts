import { expect, test } from 'vitest'
import { readTlsFiles } from './read-tls-files.ts'

// A configuration with half of it is refused before; a program may give such settings.
test.each([{ certificate: 'us.pem' }, { key: 'us.key' }])(
  'half of who we are is refused: %j',
  async (files) => {
    await expect(readTlsFiles(files)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'remote.certificate and remote.key must be given together',
    })
  },
)

import { expect, test } from 'vitest'
import { createLogger } from './logging.ts'

test.each([
  'tv_5373abb03dd4c58b73a37b16_Kl6MFP_dcxaBXULsT7xgBKsH4RyFAH46hTjYcQhgTUYa98037d4',
  'tvs_d6d24fda2594f1940aa80f36_1uV9B1gcVX7rB8s4CKBbIn7gQM4pKSPsTo3ON6tLXhg1e1c64cd',
  'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvOmFjbWUifQ.c2lnbmF0dXJl-_x',
  'hunter2hunter2',
])('%s is in no line of the log, wherever it comes from', (secret) => {
  const lines: string[] = []
  const logger = createLogger('debug', { write: (line) => void lines.push(line) })

  const url = `postgres://vault:${secret}@db.example.com/vault`
  logger.info({ url }, `connecting to ${url}`)
  logger.error({ err: new Error(`refused: ${url}`, { cause: new Error(url) }) }, 'failed')
  logger.warn(`https://bucket.example/x?X-Amz-Signature=${secret}&X-Amz-Date=1`)

  expect(lines).toHaveLength(3)
  for (const line of lines) expect(JSON.parse(line)).toHaveProperty('level')
  expect(lines.join('')).not.toContain(secret)
  expect(lines.join('')).toContain('db.example.com')
})

import { describe, expect, test } from 'vitest'
import { findSecretValues, looksSecret } from './secret-values.ts'

describe('names', () => {
  test.each([
    'GITHUB_TOKEN',
    'NPM_TOKENS',
    'AWS_SECRET_ACCESS_KEY',
    'DB_PASSWORD',
    'mysql_pwd',
    'SSH_PRIVATE_KEY',
    'API_KEY_2',
    'GOOGLE_CREDENTIALS',
    'npm_config__authToken',
    'clientSecret',
    'SENTRY_DSN',
    'NODE_AUTH',
    'PASSPHRASE',
    'STRIPE_KEY',
  ])('%s looks secret', (name) => {
    expect(looksSecret(name)).toBe(true)
  })

  test.each([
    'PATH',
    'PWD',
    'OLDPWD',
    'HOME',
    'KEYBOARD',
    'MONKEY',
    'KEY',
    'SSH_AUTH_SOCK',
    'TOKEN_FILE',
    'TOKENIZER',
    'SSL_KEY_PATH',
    'AUTHOR',
    'COMPASS',
    'KEY_COUNT',
    '_',
  ])('%s does not', (name) => {
    expect(looksSecret(name)).toBe(false)
  })
})

describe('values', () => {
  test('are those of secret-looking names that are long enough, and those of configured names', () => {
    const env = {
      API_TOKEN: 'abcdef',
      SHORT_TOKEN: 'abc',
      EMPTY_TOKEN: '',
      MINE: 'x',
      OTHER: 'visible',
      UNSET: undefined,
    }

    expect(findSecretValues(env, ['MINE', 'UNSET', 'ABSENT'])).toEqual(['abcdef', 'x'])
  })

  test('include a password within a URL, whatever the variable is called', () => {
    const env = {
      DATABASE_URL: 'postgres://app:s3cret-pw@db:5432/app',
      PROXY: 'http://proxy:8080/',
      SHORT: 'ftp://a:b@c',
    }

    expect(findSecretValues(env, [])).toEqual(['s3cret-pw'])
  })
})

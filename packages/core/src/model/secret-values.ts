const SECRET_WORDS: ReadonlySet<string> = new Set(
  [
    'TOKEN',
    'SECRET',
    'PASSWORD',
    'PASSPHRASE',
    'CREDENTIAL',
    'APIKEY',
    'AUTHTOKEN',
    'PRIVATE',
    'COOKIE',
  ]
    .flatMap((word) => [word, `${word}S`])
    .concat('PASSWD', 'PASS', 'DSN', 'JWT'),
)
/** Secret only at the end of a name: `DEPLOY_KEY` is one, `KEY_FILE` and `PATH_TO_KEYS` are not. */
const SECRET_LAST_WORDS: ReadonlySet<string> = new Set(['KEY', 'KEYS', 'PWD', 'PAT', 'AUTH'])
/** What names a place where a secret lies, and not the secret. */
const PLACE_WORDS: ReadonlySet<string> = new Set(['FILE', 'PATH', 'DIR', 'SOCK', 'SOCKET'])
const SHORTEST_SECRET = 6
const URL_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:([^\s@]+)@/i

/**
 * Values of environment variables that must not be kept in a recorded log: those that the
 * configuration names, those whose names say that they are secret (and that have six characters or
 * more), and passwords in URLs. In no particular order, each once.
 */
export function findSecretValues(
  env: Readonly<Record<string, string | undefined>>,
  configuredNames: readonly string[],
): readonly string[] {
  const configured = new Set(configuredNames)
  const values = new Set<string>()
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === '') continue
    if (configured.has(name)) values.add(value)
    if (value.length >= SHORTEST_SECRET && looksSecret(name)) values.add(value)
    const password = URL_PASSWORD.exec(value)?.[1]
    if (password !== undefined && password.length >= SHORTEST_SECRET) values.add(password)
  }
  return [...values]
}

/** Whether a variable's name says that its value is secret. */
export function looksSecret(name: string): boolean {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .split(/[^A-Z]+/)
    .filter((word) => word !== '')
  const last = words.at(-1) ?? ''
  if (PLACE_WORDS.has(last)) return false
  // The working directories PWD and OLDPWD are single words.
  return (
    words.some((word) => SECRET_WORDS.has(word)) ||
    (words.length > 1 && SECRET_LAST_WORDS.has(last))
  )
}

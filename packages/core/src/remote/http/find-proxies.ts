import { TaskVaultError } from '../../errors.ts'

/** By whom requests go to servers of each kind; undefined for those that are reached directly. */
export interface Proxies {
  readonly httpProxy?: string
  readonly httpsProxy?: string
  /** Hosts that are reached directly all the same. */
  readonly noProxy: string
}

const SCHEMES = new Set(['http:', 'https:', 'socks5:', 'socks:'])

/**
 * The proxies that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name, in lowercase or in uppercase. As with other
 * programs, one without a scheme is asked by plain HTTP.
 * @throws {TaskVaultError} CONFIG_INVALID naming the variable.
 */
export function findProxies(
  env: Readonly<Record<string, string | undefined>>,
): Proxies | undefined {
  const read = (name: string): string => env[name] ?? env[name.toUpperCase()] ?? ''
  const [http, https] = [read('http_proxy'), read('https_proxy')]
  if (http === '' && https === '') return undefined
  return {
    noProxy: read('no_proxy'),
    ...(http !== '' && { httpProxy: toAddress('HTTP_PROXY', http) }),
    ...(https !== '' && { httpsProxy: toAddress('HTTPS_PROXY', https) }),
  }
}

function toAddress(variable: string, value: string): string {
  const address = value.includes('://') ? value : `http://${value}`
  if (URL.canParse(address) && SCHEMES.has(new URL(address).protocol)) return address
  // Its value is not told, because it may hold a password.
  throw new TaskVaultError('CONFIG_INVALID', `${variable} is not the address of a proxy`, {
    hint: 'Write it as http://HOST:PORT.',
  })
}

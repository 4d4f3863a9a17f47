import { TaskVaultError } from '../../errors.ts'
import { createAddressRanges, isAddressRange } from '../address-range.ts'

/** By whom requests go to servers of each kind; undefined for those that are reached directly. */
export interface Proxies {
  readonly httpProxy?: string
  readonly httpsProxy?: string
  /** Hosts that are reached directly all the same, by name or address. */
  readonly noProxy: string
  /** Whether one is reached directly whose address lies in a range that is named there, such as 10.0.0.0/8. */
  isInNoProxyRange(url: URL): boolean
}

export type Environment = Readonly<Record<string, string | undefined>>

const SCHEMES = new Set(['http:', 'https:', 'socks5:', 'socks:'])

/**
 * The proxies that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name, in lowercase or in uppercase. As with other
 * programs, one without a scheme is asked by plain HTTP.
 * @throws {TaskVaultError} CONFIG_INVALID naming the variable.
 */
export function findProxies(env: Environment): Proxies | undefined {
  const read = (name: string): string => env[name] ?? env[name.toUpperCase()] ?? ''
  const [http, https] = [read('http_proxy'), read('https_proxy')]
  if (http === '' && https === '') return undefined
  const noProxy = read('no_proxy')
  return {
    noProxy,
    isInNoProxyRange: createRangeCheck(noProxy),
    ...(http !== '' && { httpProxy: toAddress('HTTP_PROXY', http) }),
    ...(https !== '' && { httpsProxy: toAddress('HTTPS_PROXY', https) }),
  }
}

/** As with curl and Go, only of hosts that are addresses: no name is looked up for it. */
function createRangeCheck(noProxy: string): (url: URL) => boolean {
  const words = noProxy.split(/[,\s]/)
  const isInside = createAddressRanges(
    words.filter((word) => word.includes('/') && isAddressRange(word)),
  )
  // An IPv6 address stands in brackets.
  return ({ hostname }) => isInside(hostname.replace(/^\[(.+)\]$/, '$1'))
}

function toAddress(variable: string, value: string): string {
  const address = value.includes('://') ? value : `http://${value}`
  if (URL.canParse(address) && SCHEMES.has(new URL(address).protocol)) return address
  // Its value is not told, because it may hold a password.
  throw new TaskVaultError('CONFIG_INVALID', `${variable} is not the address of a proxy`, {
    hint: 'Write it as http://HOST:PORT.',
  })
}

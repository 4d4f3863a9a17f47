import { BlockList, isIP } from 'node:net'

/** Whether an address is in one of some ranges. */
export type IsAddressInside = (address: string) => boolean

/** Whether `text` is a range: `10.0.0.0/8`, `2001:db8::/32`, or one address. */
export function isAddressRange(text: string): boolean {
  return parseRange(text) !== undefined
}

/**
 * Nothing is inside of no ranges at all, and a name is inside of none. An IPv4 address that an IPv6 socket
 * received (`::ffff:10.0.0.1`) counts as what it is.
 * @param ranges each one for `isAddressRange`.
 */
export function createAddressRanges(ranges: readonly string[]): IsAddressInside {
  const list = new BlockList()
  for (const text of ranges) {
    const range = parseRange(text)
    if (range === undefined) throw new Error(`no range of addresses: ${text}`)
    list.addSubnet(range.address, range.bits, range.family)
  }
  return (address) => {
    const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address
    const version = isIP(plain)
    return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }
}

interface Range {
  readonly address: string
  readonly bits: number
  readonly family: 'ipv4' | 'ipv6'
}

function parseRange(text: string): Range | undefined {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || address.includes('%') || more.length > 0) return undefined
  const most = version === 4 ? 32 : 128
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return undefined
  const count = bits === undefined ? most : Number(bits)
  if (count > most) return undefined
  return { address, bits: count, family: version === 4 ? 'ipv4' : 'ipv6' }
}

import { BlockList, isIP } from 'node:net'

/** Whether an address is in one of some ranges. */
export type IsAddressInside = (address: string) => boolean

/** Whether `text` is an address range: `10.0.0.0/8`, `2001:db8::/32`, or a single address. */
export function isAddressRange(text: string): boolean {
  return parseRange(text) !== undefined
}

/**
 * Returns a check whether an address is in one of `ranges`. With no ranges it is always false, and host names are in
 * none. An IPv4 address from an IPv6 socket (`::ffff:10.0.0.1`) counts as IPv4.
 * @param ranges each accepted by `isAddressRange`.
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

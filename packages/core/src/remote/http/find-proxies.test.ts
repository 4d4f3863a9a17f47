import { expect, test } from 'vitest'
import { findProxies } from './find-proxies.ts'

test.each([
  [{}, undefined],
  [{ HTTP_PROXY: '', NO_PROXY: 'here' }, undefined],
  [{ HTTP_PROXY: 'http://a:1' }, { httpProxy: 'http://a:1', noProxy: '' }],
  [
    { https_proxy: 'https://a', no_proxy: 'b,c' },
    { httpsProxy: 'https://a', noProxy: 'b,c' },
  ],
  [{ HTTPS_PROXY: 'proxy.corp:3128' }, { httpsProxy: 'http://proxy.corp:3128', noProxy: '' }],
  [{ HTTP_PROXY: 'u:p@proxy:3128' }, { httpProxy: 'http://u:p@proxy:3128', noProxy: '' }],
  [{ http_proxy: 'socks5://a:1080' }, { httpProxy: 'socks5://a:1080', noProxy: '' }],
  // Who sets the lowercase one to nothing wants none.
  [{ http_proxy: '', HTTP_PROXY: 'http://a' }, undefined],
])('of %j come %j', (env, proxies) => {
  const expected = proxies && { ...proxies, isInNoProxyRange: expect.any(Function) }

  expect(findProxies(env)).toEqual(expected)
})

test.each([
  ['10.0.0.0/8', 'http://10.1.2.3:9999', true],
  ['localhost, 192.168.1.0/24,fd00::/8', 'https://192.168.1.7/x', true],
  ['localhost, 192.168.1.0/24,fd00::/8', 'https://192.168.2.7/x', false],
  ['localhost 192.168.1.0/24 fd00::/8', 'https://[fd12::1]:8443/', true],
  ['localhost 192.168.1.0/24 fd00::/8', 'https://[fe80::1]/', false],
  ['10.0.0.0/8', 'http://vault.corp/', false],
  ['10.0.0.0/88,10.0.0.0/x', 'http://10.0.0.1/', false],
  ['', 'http://10.0.0.1/', false],
])('NO_PROXY=%j has %s in a range: %s', (noProxy, address, isInside) => {
  const proxies = findProxies({ HTTP_PROXY: 'http://proxy', NO_PROXY: noProxy })

  expect(proxies?.isInNoProxyRange(new URL(address))).toBe(isInside)
})

test.each([
  ['HTTP_PROXY', 'http://'],
  ['HTTPS_PROXY', 'http://secret word'],
  ['HTTPS_PROXY', 'ftp://secret'],
  ['HTTP_PROXY', 'host:port'],
])('%s=%s is refused without its value', (variable, value) => {
  const act = (): unknown => findProxies({ [variable]: value })

  expect(act).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  expect(act).toThrow(new RegExp(`^${variable} is not the address of a proxy$`))
})

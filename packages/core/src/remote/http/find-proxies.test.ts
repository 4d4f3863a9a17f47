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
  expect(findProxies(env)).toEqual(proxies)
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

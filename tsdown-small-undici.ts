import type { Rolldown } from 'tsdown'

const WHOLE = /[\\/]node_modules[\\/]undici[\\/]index\.js$/

/** Of what the library's own index hands out, all that `createHttpClient` asks for. */
const NEEDED = `'use strict'
Object.assign(require('./lib/dispatcher/dispatcher').prototype, require('./lib/api'))
exports.Agent = require('./lib/dispatcher/agent')
exports.EnvHttpProxyAgent = require('./lib/dispatcher/env-http-proxy-agent')
`

/**
 * Has a bundle hold of `undici` what sends requests, a third of it: with `fetch`, caches, mocks and web sockets,
 * which nobody uses, it takes three times as long to start, and the first look-up of a job waits for that.
 */
export function smallUndici(): Rolldown.Plugin {
  return { name: 'small-undici', load: (id) => (WHOLE.test(id) ? NEEDED : undefined) }
}

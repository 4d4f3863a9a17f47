#!/usr/bin/env node
// Committed as it is, without a build step: it must start on any Node, if only to name the one it needs.
import module from 'node:module'

const OLDEST_NODE = 24
const bundle = new URL('../dist/bin.mjs', import.meta.url)

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  stop(`taskvault needs Node ${OLDEST_NODE} or later, and this is ${process.version}`, 'Upgrade Node.')
} else {
  const cacheDirectory = compileCacheDirectory()
  if (cacheDirectory !== undefined) module.enableCompileCache(cacheDirectory)
  await import(bundle.href).catch((error) => {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || error.url !== bundle.href) throw error
    stop('this checkout of taskvault is not built', 'Run `npm run demo` or `npm test`, which build it.')
  })
}

// Node's own default lies in a temporary directory that other users may have made before us; what
// is read from there runs as code.
function compileCacheDirectory() {
  const { XDG_CACHE_HOME, LOCALAPPDATA, HOME } = process.env
  const parent = XDG_CACHE_HOME || LOCALAPPDATA || (HOME && `${HOME}/.cache`)
  return parent ? `${parent}/taskvault/compiled-code` : undefined
}

function stop(problem, hint) {
  process.stderr.write(`error: ${problem}\nhint: ${hint}\n`)
  process.exitCode = 69
}

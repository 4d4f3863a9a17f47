#!/usr/bin/env node
// Committed as it is, without a build step: it must start on any Node, if only to name the one it needs.
'use strict'
const fs = require('node:fs')
const path = require('node:path')

const OLDEST_NODE = 24
const dist = path.join(__dirname, '../dist')
const bundle = path.join(dist, 'start.cjs')
// What git hooks call, over and over: it begins with the little that most of them need.
const words = ` ${process.argv.slice(2).join(' ')} `
const isHook = words.includes(' hooks run ')

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  stop(
    `taskvault needs Node ${OLDEST_NODE} or later, and this is ${process.version}`,
    'Upgrade Node.',
  )
} else {
  start(userCacheDirectory())
}

// Short-lived objects come by the hundred thousand when a tree is restored. Collecting them in small
// steps takes no longer, and half the memory. Not from the start: what this loads takes a while, and Node's
// own compiled code is of use under V8's own flags only, as ours is: they are put back before it is kept.
function limitMemory() {
  const v8 = require('node:v8')
  v8.setFlagsFromString('--max-semi-space-size=1')
  v8.setFlagsFromString('--semi-space-growth-factor=1')
  process.prependOnceListener('exit', () => v8.setFlagsFromString('--semi-space-growth-factor=2'))
}

function start(userCache) {
  const { mtimeMs, size } = fs.statSync(bundle, { throwIfNoEntry: false }) ?? {}
  if (size === undefined) {
    return stop(
      'this checkout of taskvault is not built',
      'Run `npm run demo` or `npm test`, which build it.',
    )
  }
  const { createLoader } = require('./compiled-code.js')
  const load = createLoader(dist, userCache && `${userCache}/compiled-code/${nameOfCode()}`)
  const build = `${mtimeMs} ${size}`
  void load(isHook ? './hook.cjs' : './start.cjs').start({ userCache, build, limitMemory })
}

// Node's own default lies in a temporary directory that other users may have made before us; what
// is read from there runs as code.
function userCacheDirectory() {
  const { XDG_CACHE_HOME, LOCALAPPDATA, HOME } = process.env
  const parent = XDG_CACHE_HOME || LOCALAPPDATA || (HOME && `${HOME}/.cache`)
  return parent ? `${parent}/taskvault` : undefined
}

// What one command calls is of no use to another; each has a chunk of its own. Nor is it to another Node, to
// another user, or to a bundle that lies elsewhere.
function nameOfCode() {
  const { crc32 } = require('node:zlib')
  const [first, second] = process.argv.slice(2, 4)
  const names = isHook ? ['hook'] : [`${first}-${second}`, first]
  const isCommand = (name) => /^[a-z-]+$/.test(name) && fs.existsSync(`${dist}/${name}.cjs`)
  const whose = crc32(`${process.version} ${process.arch} ${process.getuid?.()} ${dist}`)
  return `${names.find(isCommand) ?? 'start'}-${whose.toString(16)}`
}

function stop(problem, hint) {
  // A commit must not depend on a cache: a hook lets git go on.
  process.stderr.write(`error: ${problem}\nhint: ${hint}\n`)
  process.exitCode = isHook ? 0 : 69
}

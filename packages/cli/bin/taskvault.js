#!/usr/bin/env node
// Committed as it is, without a build step: it must start on any Node, if only to name the one it needs.
'use strict'
const fs = require('node:fs')
const nodeModule = require('node:module')

const OLDEST_NODE = 24
const bundle = `${__dirname}/../dist/start.cjs`
// What git hooks call, over and over: it begins with the little that most of them need.
const words = ` ${process.argv.slice(2).join(' ')} `
const isHook = words.includes(' hooks run ')

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  stop(
    `taskvault needs Node ${OLDEST_NODE} or later, and this is ${process.version}`,
    'Upgrade Node.',
  )
} else {
  if (!isHook) limitNursery()
  const userCache = userCacheDirectory()
  if (userCache !== undefined) nodeModule.enableCompileCache(`${userCache}/compiled-code`)
  start(userCache)
}

// Short-lived objects come by the hundred thousand when a tree is restored. Collecting them in small
// steps takes no longer, and half the memory. A hook restores nothing, and what sets this takes a while.
function limitNursery() {
  const v8 = require('node:v8')
  v8.setFlagsFromString('--max-semi-space-size=1')
  v8.setFlagsFromString('--semi-space-growth-factor=1')
}

function start(userCache) {
  try {
    const { mtimeMs, size } = fs.statSync(bundle, { throwIfNoEntry: false }) ?? {}
    const build = `${mtimeMs} ${size}`
    void require(isHook ? `${__dirname}/../dist/hook.cjs` : bundle).start({ userCache, build })
  } catch (error) {
    if (error?.code !== 'MODULE_NOT_FOUND' || error.requireStack?.[0] !== __filename) throw error
    stop(
      'this checkout of taskvault is not built',
      'Run `npm run demo` or `npm test`, which build it.',
    )
  }
}

// Node's own default lies in a temporary directory that other users may have made before us; what
// is read from there runs as code.
function userCacheDirectory() {
  const { XDG_CACHE_HOME, LOCALAPPDATA, HOME } = process.env
  const parent = XDG_CACHE_HOME || LOCALAPPDATA || (HOME && `${HOME}/.cache`)
  return parent ? `${parent}/taskvault` : undefined
}

function stop(problem, hint) {
  // A commit must not depend on a cache: a hook lets git go on.
  process.stderr.write(`error: ${problem}\nhint: ${hint}\n`)
  process.exitCode = isHook ? 0 : 69
}

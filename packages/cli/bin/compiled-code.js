// Committed as it is, without a build step, like the file that requires it.
'use strict'
const fs = require('node:fs')
const nodeModule = require('node:module')
const path = require('node:path')
const vm = require('node:vm')
const { crc32 } = require('node:zlib')

/*
 * Loads the chunks of a bundle, and keeps what of their code an earlier process has compiled. Node's own
 * compile cache keeps no more than what runs while a file is loaded: each process then compiles anew what it
 * calls, which takes a third of a hit.
 */

const MAGIC = 'taskvault-code 1\n'
/** Kinds of runs after which the code is kept anew, each of which may have called functions of its own. */
const MOST_KINDS = 16
/** V8 drops the compiled code of what is no longer called. */
const LONGEST_RUN_MS = 5_000
/** Each command, installation and Node has files of its own, and nobody tells when they are of no more use. */
const MOST_BYTES = 64 * 1024 * 1024

/**
 * A `require` for the chunks in `directory`, which are CommonJS.
 * @param file what holds compiled code between processes; without it, all is compiled each time.
 */
exports.createLoader = function createLoader(directory, file) {
  const kept = file === undefined ? new Map() : readKept(file)
  const loaded = new Map()
  const nodeRequire = nodeModule.createRequire(`${directory}/`)

  function load(id) {
    if (!id.startsWith('./')) return loadInstalled(id)
    const known = loaded.get(id)
    if (known !== undefined) return known.module.exports
    const chunk = { module: { exports: {} }, ...compile(path.join(directory, id), kept.get(id)) }
    loaded.set(id, chunk)
    const { module } = chunk
    chunk.run(module.exports, load, module, chunk.filename, directory)
    return module.exports
  }

  /** A server is hundreds of files, which are Node's own to load. */
  function loadInstalled(id) {
    if (file !== undefined && !id.startsWith('node:') && canHold(path.dirname(file))) {
      nodeModule.enableCompileCache(path.dirname(file))
    }
    return nodeRequire(id)
  }

  if (file !== undefined)
    process.once('exit', (code) => keep(file, { directory, kept, loaded, code }))
  return load
}

function compile(filename, kept) {
  const source = fs.readFileSync(filename)
  const checksum = crc32(source)
  const isKept = kept !== undefined && kept.checksum === checksum
  const script = new vm.Script(
    // On the line of the first statement, so that stacks name the lines of the file.
    `(function (exports, require, module, __filename, __dirname) { ${source.toString()}\n})`,
    {
      filename,
      cachedData: isKept ? kept.code : undefined,
    },
  )
  const isFresh = !isKept || script.cachedDataRejected === true
  return { filename, checksum, script, isFresh, run: script.runInThisContext() }
}

/** By the chunk's name: the checksum of its source, and its compiled code. Nothing when it cannot be trusted. */
function readKept(file) {
  const kept = new Map()
  try {
    const bytes = fs.readFileSync(file)
    const start = MAGIC.length + 8
    const content = bytes.subarray(start)
    if (bytes.latin1Slice(0, start) !== MAGIC + toHex(crc32(content))) return kept
    const end = content.indexOf('\n')
    const { kinds, chunks } = JSON.parse(content.latin1Slice(0, end))
    kept.kinds = kinds
    let at = end + 1
    for (const [id, checksum, size] of chunks) {
      kept.set(id, { checksum, code: content.subarray(at, at + size) })
      at += size
    }
  } catch {
    // Not there yet, or not ours to read.
  }
  return kept
}

/**
 * Node's own way of making all that is missing never ends where a file system says of a new name that there
 * is no such directory.
 */
function ensureDirectory(directory) {
  if (fs.existsSync(directory)) return
  ensureDirectory(path.dirname(directory))
  fs.mkdirSync(directory, { mode: 0o700 })
}

function canHold(directory) {
  try {
    ensureDirectory(directory)
    return true
  } catch {
    return false
  }
}

/** Writes down what this process compiled, unless as much is known from one of its kind. */
function keep(file, { directory, kept, loaded, code }) {
  if (process.uptime() * 1000 > LONGEST_RUN_MS) return
  const kind = toHex(crc32([code, ...loaded.keys()].join(' ')))
  const chunks = [...loaded]
  const isNew = chunks.some(([id, { isFresh }]) => isFresh && !kept.has(id))
  const isOutdated = chunks.some(([id, { isFresh }]) => isFresh && kept.has(id))
  const kinds = isOutdated ? [] : (kept.kinds ?? [])
  if (!isNew && !isOutdated && (kinds.includes(kind) || kinds.length >= MOST_KINDS)) return
  const temporary = `${file}.${process.pid}.tmp`
  try {
    ensureDirectory(path.dirname(file))
    const descriptor = fs.openSync(temporary, 'wx', 0o600)
    try {
      const others = [...kept].filter(
        ([id, each]) => !loaded.has(id) && isCurrent(directory, id, each),
      )
      const own = chunks.map(([id, { checksum, script }]) => [
        id,
        { checksum, code: script.createCachedData() },
      ])
      fs.writeSync(descriptor, encode([...kinds, kind], [...others, ...own]))
    } finally {
      fs.closeSync(descriptor)
    }
    fs.renameSync(temporary, file)
    dropOldest(path.dirname(file))
  } catch {
    // No place, no right to it, or somebody else was first: then all is compiled the next time, too.
    try {
      fs.rmSync(temporary, { force: true })
    } catch {
      // Its directory is none.
    }
  }
}

/** Removes what was written first, Node's own files included, until the rest has no more than `MOST_BYTES`. */
function dropOldest(directory) {
  const files = fs
    .readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const name = path.join(entry.parentPath, entry.name)
      return { name, ...fs.statSync(name) }
    })
    .toSorted((left, right) => right.mtimeMs - left.mtimeMs)
  let bytes = 0
  for (const { name, size } of files) {
    bytes += size
    if (bytes > MOST_BYTES) fs.rmSync(name, { force: true })
  }
}

function isCurrent(directory, id, { checksum }) {
  const file = path.join(directory, id)
  return fs.existsSync(file) && crc32(fs.readFileSync(file)) === checksum
}

function encode(kinds, entries) {
  const chunks = entries.map(([id, { checksum, code }]) => [id, checksum, code.length])
  const head = Buffer.from(`${JSON.stringify({ kinds, chunks })}\n`)
  const content = Buffer.concat([head, ...entries.map(([, { code }]) => code)])
  return Buffer.concat([Buffer.from(MAGIC + toHex(crc32(content))), content])
}

function toHex(checksum) {
  return checksum.toString(16).padStart(8, '0')
}

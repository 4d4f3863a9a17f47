import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandomBytes } from '../data/generated-tree.ts'
import { type Background, startBackground } from '../machine/background.ts'
import { readCpuMs, readPeakBytes, readRssBytes, resetPeak } from '../machine/process-figures.ts'
import type { Contestant, Row, Sample } from '../measure/row.ts'
import { atLeastTimes, atMost, atMostTimes } from '../measure/targets.ts'
import { type Bench, type Suite, freshPath } from './bench.ts'
import { startPeer, startServer, takeLoad, transfer } from './server-parts.ts'
import type { BenchServer, Transfer, Transferred } from './server-parts.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** Ports of peers; nothing else of a bench listens. */
const PORTS = { nginx: 47_101, node: 47_102, fastify: 47_103, bucket: 47_104 }

/** A server beside what serves the same without being one: client and server on one machine. */
export const serverSuite: Suite = {
  name: 'server',
  needsBytes: 3e9,
  createRows: (bench) => [
    mebibyteRow(bench),
    smallRow(bench),
    lookupRow(bench),
    memoryRow(bench, 'upload'),
    memoryRow(bench, 'download'),
    directRow(bench),
  ],
}

function mebibyteRow(bench: Bench): Row {
  return {
    name: 'server-blob-1m',
    operation: 'GET of a blob of 1 MiB',
    state: 'warm',
    targets: [atLeastTimes(0.6, 'nginx', 'opsPerSecond')],
    ...rowAgainst({
      ours: blobContestant(bench, { sizes: [MIB], connections: 4 }),
      peer: {
        name: 'nginx',
        command: 'nginx with sendfile, one worker',
        needs: ['nginx'],
        run: () => takeLoad(bench, { port: PORTS.nginx, path: '/blob', connections: 4 }),
      },
      startPeer: () => startNginx(bench),
    }),
  }
}

function smallRow(bench: Bench): Row {
  return {
    name: 'server-blob-4k',
    operation: 'GET of a blob of 4 KiB',
    state: 'warm',
    targets: [atLeastTimes(0.5, 'node:http', 'opsPerSecond')],
    ...rowAgainst({
      ours: blobContestant(bench, { sizes: [4 * KIB], connections: 8 }),
      peer: {
        name: 'node:http',
        command: 'a bare node:http handler that ends with a buffer',
        run: () => takeLoad(bench, { port: PORTS.node, path: '/', connections: 8 }),
      },
      startPeer: () => startPeer(bench, 'node-http-worker', PORTS.node),
    }),
  }
}

function lookupRow(bench: Bench): Row {
  const path = `/v1/tasks/bench/entries/${'ab'.repeat(32)}`
  return {
    name: 'server-lookup',
    operation: 'look-up of an entry, authenticated',
    state: 'warm',
    targets: [atMostTimes(2, 'Fastify', 'p50Ms')],
    ...rowAgainst({
      ours: filledContestant(bench, {
        command: 'GET /v1/tasks/bench/entries/abab…',
        fill: { kind: 'fill', sizes: [4 * KIB, 4 * KIB], seed: 'look-up' },
        run: ({ port }, { token }) =>
          takeLoad(bench, { port, path, bearer: token, connections: 1 }),
      }),
      peer: {
        name: 'Fastify',
        command: 'a bare Fastify route that reads one row of SQLite',
        run: () => takeLoad(bench, { port: PORTS.fastify, path: '/entries/k', connections: 1 }),
      },
      startPeer: () => startPeer(bench, 'fastify-worker', PORTS.fastify),
    }),
  }
}

/** What the server holds at its peak, less what it held before. */
function memoryRow(bench: Bench, kind: 'upload' | 'download'): Row {
  let rounds = 0
  const size = { sizes: [200 * MIB] }
  const contestant = filledContestant(bench, {
    command: kind === 'upload' ? 'PUT /v1/blobs/sha256-…' : 'GET /v1/blobs/sha256-…',
    fill: { ...size, kind: 'fill', seed: kind },
    run: (server) => {
      const before = readRssBytes(server.pid)
      resetPeak(server.pid)
      rounds += 1
      const seed = kind === 'upload' ? `upload ${rounds}` : kind
      transfer(bench, server, { ...size, kind, seed })
      return { rssBytes: Math.max(0, readPeakBytes(server.pid) - before) }
    },
  })
  return {
    name: `server-memory-${kind}`,
    operation: `${kind} of 200 MiB: growth of the server`,
    state: '-',
    rounds: 3,
    targets: [atMost(64 * MIB, 'rssBytes')],
    ...rowAgainst({ ours: contestant }),
  }
}

/** Processor time of the server for each MiB that went to the bucket and was asked for again. */
function directRow(bench: Bench): Row {
  let rounds = 0
  const sizes = Array.from({ length: 25 }, () => 8 * MIB)
  const moved = sizes.reduce((sum, size) => sum + size, 0) / MIB
  return {
    name: 'server-direct',
    operation: 'transfer past the server, 200 MiB in packs: its processor time for each MiB',
    state: '-',
    targets: [atMost(1, 'cpuMs')],
    ...rowAgainst({
      ours: filledContestant(bench, {
        command: 'uploads planned, sent to a bucket, confirmed, and fetched by signed addresses',
        options: {
          configuration: `bucket: s3://bench/vault?endpoint=http://127.0.0.1:${PORTS.bucket}\ntransfer: direct\n`,
          env: { AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench' },
        },
        fill: { kind: 'direct', sizes: [KIB], seed: 'direct' },
        run: (server) => {
          const before = readCpuMs(server.pid)
          rounds += 1
          transfer(bench, server, { kind: 'direct', sizes, seed: `direct ${rounds}` })
          return { cpuMs: (readCpuMs(server.pid) - before) / moved }
        },
      }),
      startPeer: () => startPeer(bench, 'bucket-worker', PORTS.bucket),
    }),
  }
}

interface OurContestant extends Contestant {
  readonly stop: () => void
}

/** Starts a peer before ours and stops both after the row. */
function rowAgainst(parts: {
  readonly ours: OurContestant
  readonly peer?: Contestant
  readonly startPeer?: () => Background
}): Pick<Row, 'contestants' | 'setUp' | 'tearDown'> {
  const { ours, peer } = parts
  let running: Background | undefined
  return {
    contestants: peer === undefined ? [ours] : [ours, peer],
    setUp: () => {
      running = parts.startPeer?.()
    },
    tearDown: () => {
      running?.stop()
      ours.stop()
    },
  }
}

function blobContestant(
  bench: Bench,
  { sizes, connections }: { readonly sizes: readonly number[]; readonly connections: number },
): OurContestant {
  return filledContestant(bench, {
    command: 'GET /v1/blobs/sha256-…, authenticated, from a folder',
    fill: { kind: 'fill', sizes, seed: 'blob' },
    run: ({ port }, { token, names: [name = ''] }) =>
      takeLoad(bench, { port, path: `/v1/blobs/${name}`, bearer: token, connections }),
  })
}

/** A server of its own, that has been given something. */
function filledContestant(
  bench: Bench,
  given: {
    readonly command: string
    readonly options?: { readonly configuration: string; readonly env: Record<string, string> }
    readonly fill: Transfer
    readonly run: (server: BenchServer, filled: Transferred) => Sample
  },
): OurContestant {
  let server: BenchServer | undefined
  let filled: Transferred | undefined
  return {
    name: 'taskvault',
    command: given.command,
    setUp: () => {
      const name = `server-${given.fill.kind}-${given.fill.seed}-${given.fill.sizes[0]}`
      server = startServer(bench, { name, ...given.options })
      filled = transfer(bench, server, given.fill)
    },
    run: () => {
      if (server === undefined || filled === undefined)
        throw new Error('the server was not started')
      return given.run(server, filled)
    },
    stop: () => server?.stop(),
  }
}

function startNginx(bench: Bench): Background {
  const directory = freshPath(bench, 'nginx')
  mkdirSync(join(directory, 'www'), { recursive: true })
  writeFileSync(join(directory, 'www', 'blob'), createRandomBytes('nginx')(MIB))
  const configuration = `
    worker_processes 1; daemon off; user root; pid nginx.pid; error_log stderr;
    events { worker_connections 512; }
    http {
      access_log off; sendfile on; tcp_nopush on; keepalive_requests 10000000;
      client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
      server { listen 127.0.0.1:${PORTS.nginx}; root www; }
    }`
  writeFileSync(join(directory, 'nginx.conf'), configuration)
  const line = `(for i in $(seq 100); do (: < /dev/tcp/127.0.0.1/${PORTS.nginx}) 2>/dev/null && echo ready && break; sleep 0.1; done) & exec nginx -p "${directory}" -c "${directory}/nginx.conf"`
  return startBackground(
    { file: 'bash', args: ['-c', line], cwd: directory },
    { log: join(directory, 'log'), isReady: (output) => output.includes('ready') },
  )
}

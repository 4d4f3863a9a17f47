import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { AwsClient } from 'aws4fetch'
import { missingPackage } from './debian-package.ts'
import { findFreePort } from './free-port.ts'
import { startTied } from './tied-process.ts'
import type { TiedProcess } from './tied-process.ts'
import { waitUntil } from './wait-until.ts'

/** A Ceph of one node with a gateway that speaks S3, in a temporary directory, on loopback. */
export interface CephService extends AsyncDisposable {
  /** `http://127.0.0.1:…`, asked by path. */
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  createBucket(name: string): Promise<void>
  /** Ends the gateway in the middle of whatever it does, as a loss of power. */
  killGateway(): Promise<void>
  startGateway(): Promise<void>
}

const ACCESS_KEY_ID = 'TASKVAULTTESTS'
const SECRET_ACCESS_KEY = 'no-secret-but-a-test'
const START_MS = 90_000

/** Why there can be none on this machine; undefined when there can. */
export function missingCeph(): string | undefined {
  return missingPackage([
    { package: 'ceph-mon', paths: ['/usr/bin/ceph-mon'] },
    { package: 'ceph-osd', paths: ['/usr/bin/ceph-osd'] },
    { package: 'radosgw', paths: ['/usr/bin/radosgw'] },
  ])
}

export async function startCeph(): Promise<CephService> {
  const root = mkdtempSync(join(tmpdir(), 'taskvault-ceph-'))
  const remove = (): void => rmSync(root, { recursive: true, force: true })
  process.once('exit', remove)
  const running: TiedProcess[] = []
  const dispose = async (): Promise<void> => {
    // The gateway first: without the others it would wait for them.
    for (const each of running.toReversed()) await each.end('SIGKILL')
    remove()
    process.off('exit', remove)
  }
  try {
    const cluster = await createCluster(root)
    running.push(await cluster.start('ceph-mon', ['-i', 'a', '-f']))
    await cluster.waitFor(['-s'])
    cluster.run('ceph', ['osd', 'new', cluster.osdUuid])
    cluster.run('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', cluster.osdUuid])
    running.push(await cluster.start('ceph-osd', ['-i', '0', '-f']))
    cluster.run('radosgw-admin', [
      'user',
      'create',
      '--uid=tests',
      '--display-name=tests',
      `--access-key=${ACCESS_KEY_ID}`,
      `--secret-key=${SECRET_ACCESS_KEY}`,
    ])
    const gateway = await startGateway(cluster)
    running.push(gateway)
    return {
      endpoint: cluster.endpoint,
      accessKeyId: ACCESS_KEY_ID,
      secretAccessKey: SECRET_ACCESS_KEY,
      createBucket: async (name) => await createBucket(`${cluster.endpoint}/${name}`),
      killGateway: async () => await running.pop()?.end('SIGKILL'),
      startGateway: async () => void running.push(await startGateway(cluster)),
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    const said = running.map((each) => each.said()).join('\n')
    await dispose()
    throw new Error(`Ceph could not be started: ${said}`, { cause: error })
  }
}

interface Cluster {
  readonly endpoint: string
  readonly osdUuid: string
  run(command: string, args: readonly string[]): void
  start(command: string, args: readonly string[]): Promise<TiedProcess>
  /** Until `ceph` with these arguments succeeds. */
  waitFor(args: readonly string[]): Promise<void>
}

async function createCluster(root: string): Promise<Cluster> {
  const [monitorPort, gatewayPort] = [await findFreePort(), await findFreePort()]
  const fsid = randomUUID()
  const file = join(root, 'ceph.conf')
  for (const name of ['mon', 'osd', 'run']) mkdirSync(join(root, name))
  writeFileSync(file, configuration({ root, fsid, monitorPort, gatewayPort }))
  const env = { CEPH_CONF: file }

  const attempt = (command: string, args: readonly string[]): { ok: boolean; text: string } => {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: '/',
      encoding: 'utf8',
      env: { ...process.env, ...env },
      timeout: START_MS,
    })
    return { ok: status === 0, text: `${stdout}${stderr}` }
  }
  const run = (command: string, args: readonly string[]): void => {
    const { ok, text } = attempt(command, args)
    if (!ok) throw new Error(`${command} ${args.join(' ')} failed: ${text}`)
  }
  const map = join(root, 'monmap')
  const address = `[v2:127.0.0.1:${monitorPort}/0]`
  run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', address, map])
  run('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', map])
  return {
    endpoint: `http://127.0.0.1:${gatewayPort}`,
    osdUuid: randomUUID(),
    run,
    start: async (command, args) =>
      await startTied({ command: [command, ...args], directory: root, env }),
    async waitFor(args) {
      let said = ''
      const isReady = (): boolean => {
        const { ok, text } = attempt('ceph', ['--connect-timeout', '5', ...args])
        said = text
        return ok
      }
      await waitUntil(isReady, { timeoutMs: START_MS, tell: () => said })
    },
  }
}

async function startGateway(cluster: Cluster): Promise<TiedProcess> {
  const gateway = await cluster.start('radosgw', ['-n', 'client.rgw', '-f'])
  const isReady = async (): Promise<boolean> => {
    if (gateway.hasEnded()) throw new Error(`The gateway ended: ${gateway.said()}`)
    return await fetch(cluster.endpoint).then(
      (answer) => answer.ok,
      () => false,
    )
  }
  await waitUntil(isReady, { timeoutMs: START_MS, tell: gateway.said })
  return gateway
}

async function createBucket(url: string): Promise<void> {
  const client = new AwsClient({
    accessKeyId: ACCESS_KEY_ID,
    secretAccessKey: SECRET_ACCESS_KEY,
    service: 's3',
    region: 'us-east-1',
  })
  const answer = await client.fetch(url, { method: 'PUT' })
  if (!answer.ok) throw new Error(`No bucket was made: ${answer.status} ${await answer.text()}`)
}

interface Places {
  readonly root: string
  readonly fsid: string
  readonly monitorPort: number
  readonly gatewayPort: number
}

/*
 * One copy of everything, in memory: what is tested is how the gateway answers. Without keys, the
 * connections of the gateway must be told to use the mode that needs none, or they wait for minutes.
 */
function configuration({ root, fsid, monitorPort, gatewayPort }: Places): string {
  return `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${monitorPort}/0]
auth cluster required = none
auth service required = none
auth client required = none
ms cluster mode = crc
ms service mode = crc
ms client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
ms mon client mode = crc
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = ${root}/run
admin socket =
log file =
log to stderr = true
err to stderr = true
mon cluster log file = /dev/null
mon data = ${root}/mon
mon allow pool size one = true
mon max pg per osd = 1000
osd data = ${root}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd crush update on start = true
rgw rados pool pg num min = 1
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort}
rgw max concurrent requests = 64
rgw thread pool size = 32
rgw enable usage log = false
rgw enable gc threads = false
rgw enable lc threads = false
`
}

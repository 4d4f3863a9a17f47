import { once } from 'node:events'
import process from 'node:process'
import { startCeph } from './ceph.ts'
import { startPostgres } from './postgres.ts'

const USAGE = `Usage: pnpm services postgres|ceph
Starts one on this machine for as long as you like, prints how to reach it, and leaves nothing behind.
`

const BUCKET = 'taskvault'

async function main(name: string | undefined): Promise<number> {
  if (name !== 'postgres' && name !== 'ceph') {
    process.stderr.write(USAGE)
    return 2
  }
  await using service = name === 'postgres' ? await startDatabase() : await startBucket()
  process.stdout.write(`${service.text}\nCtrl-C ends it.\n`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  return 0
}

interface Started extends AsyncDisposable {
  readonly text: string
}

async function startDatabase(): Promise<Started> {
  const postgres = await startPostgres({ isDurable: true })
  return {
    text: postgres.createDatabase('taskvault'),
    [Symbol.asyncDispose]: async () => await postgres[Symbol.asyncDispose](),
  }
}

async function startBucket(): Promise<Started> {
  const ceph = await startCeph()
  await ceph.createBucket(BUCKET)
  return {
    text: [
      `export AWS_ACCESS_KEY_ID=${ceph.accessKeyId} AWS_SECRET_ACCESS_KEY=${ceph.secretAccessKey}`,
      `s3://${BUCKET}?endpoint=${ceph.endpoint}`,
    ].join('\n'),
    [Symbol.asyncDispose]: async () => await ceph[Symbol.asyncDispose](),
  }
}

process.exitCode = await main(process.argv[2])

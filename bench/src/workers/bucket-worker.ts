/*
 * Something that answers like a bucket, and checks nothing: what a server spends on transfers that go
 * past it can be measured without what a real bucket would take from the machine.
 */
import { createServer } from 'node:http'

const sizes = new Map<string, number>()
const server = createServer((request, response) => {
  const path = (request.url ?? '').split('?')[0] ?? ''
  let sizeBytes = 0
  request.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length
  })
  request.on('end', () => {
    if (request.method === 'PUT') sizes.set(path, sizeBytes)
    const found = sizes.get(path)
    const length = request.method === 'PUT' ? 0 : (found ?? 0)
    response.writeHead(found === undefined ? 404 : 200, { 'content-length': length, etag: '"1"' })
    response.end(request.method === 'GET' ? Buffer.alloc(length) : undefined)
  })
})
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('ready\n'))

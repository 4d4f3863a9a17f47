/* A bare node:http server that gives everybody the same 4 KiB. */
import { createServer } from 'node:http'

const body = Buffer.alloc(4096, 1)
const server = createServer((_request, response) => {
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': body.length,
  })
  response.end(body)
})
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write('ready\n'))

/* A cache service that has nothing, and writes down when it was first asked: on the machine's clock. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import process from 'node:process'

const [, , file = ''] = process.argv
const server = createServer((request, response) => {
  if (request.url?.endsWith('/GetCacheEntryDownloadURL') === true) {
    // Every process of a machine reads the same clock.
    const now = String(process.hrtime.bigint())
    try {
      writeFileSync(file, now, { flag: 'wx' })
    } catch {
      // The first one counts.
    }
  }
  request.resume()
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":false}')
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${JSON.stringify(address)}\n`)
})

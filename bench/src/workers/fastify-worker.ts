/* A bare Fastify route that reads one row of a SQLite file, of the size of an entry. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fastify } from 'fastify'

const database = new DatabaseSync(join(mkdtempSync(join(tmpdir(), 'bench-')), 'peer.db'))
database.exec('pragma journal_mode = wal')
database.exec('create table entries (key text primary key, value text) without rowid')
database.prepare('insert into entries values (?, ?)').run('k', 'x'.repeat(700))
const find = database.prepare('select value from entries where key = ?')
const app = fastify()
app.get<{ Params: { key: string } }>('/entries/:key', (request) => find.get(request.params.key))
await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' })
process.stdout.write('ready\n')

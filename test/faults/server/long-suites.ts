import { startPostgres } from '../../services/postgres.ts'
import type { LongSuite } from '../suite.ts'
import { runDatabaseKills } from './run-database-kills.ts'
import { runServerKills } from './run-server-kills.ts'

/** What is too long for every change: a round is a kill. */
export const serverSuites: Readonly<Record<string, LongSuite>> = {
  'server-kills': {
    rounds: 200,
    async run(options) {
      const { faults, ...figures } = await runServerKills(options)
      return { figures, faults }
    },
  },
  'server-kills-postgres': {
    rounds: 200,
    async run(options) {
      await using postgres = await startPostgres({ isDurable: true })
      const databaseUrl = postgres.createDatabase('vault')
      const { faults, ...figures } = await runServerKills({ ...options, databaseUrl })
      return { figures, faults }
    },
  },
  'server-database': {
    rounds: 50,
    async run(options) {
      const { faults, ...figures } = await runDatabaseKills(options)
      return { figures, faults }
    },
  },
}

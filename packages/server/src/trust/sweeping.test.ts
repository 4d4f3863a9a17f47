import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../database/open-database.ts'
import { MAINTAINER } from '../engine/testing/sample-entries.ts'
import { temporarySqlite } from '../testing/temporary-database.ts'
import { createSessions } from './sessions.ts'

const DAY = 86_400_000

test('a clock that is set back does not keep what is over from being forgotten', async () => {
  const opened = await openDatabase(temporarySqlite())
  onTestFinished(async () => await opened[Symbol.asyncDispose]())
  let nowMs = 20_000 * DAY
  const sessions = createSessions(opened.database, () => nowMs)
  const open = async (expiresAtMs: number): Promise<unknown> =>
    await sessions.open({ principal: MAINTAINER, expiresAtMs })

  await open(nowMs)
  await open(nowMs - 20 * DAY)
  nowMs -= DAY
  await open(nowMs)

  const rows = await opened.database.selectFrom('sessions').select('expires_at').execute()
  expect(rows).toHaveLength(2)
})

import { expect, test } from 'vitest'
import { createArrival } from './arrival.ts'

test('tells who waits for bytes when they are written, and not before', async () => {
  const arrival = createArrival('/nowhere')
  const told: number[] = []
  const waits = [30, 10, 20].map(async (bytes) => {
    await arrival.until(bytes)
    told.push(bytes)
  })

  arrival.onWritten(9)
  await Promise.resolve()
  expect(told).toEqual([])
  arrival.onWritten(11)
  await Promise.all(waits.slice(1))

  expect(told).toEqual([10, 20])
  expect([arrival.has(20), arrival.has(21)]).toEqual([true, false])
  arrival.onWritten(10)
  await waits[0]
})

test('fails all who wait, or will, for what never comes; what is written stays', async () => {
  const arrival = createArrival('/nowhere')
  arrival.onWritten(10)
  const before = arrival.until(11)

  arrival.fail(new Error('cut off'))

  await expect(before).rejects.toThrow('cut off')
  await expect(arrival.until(12)).rejects.toThrow('cut off')
  await expect(arrival.until(10)).resolves.toBeUndefined()
})

import type { HttpApp } from './app.ts'

/** Whether the server is about to end. */
export interface Drain {
  readonly isDraining: boolean
  start(): void
  /** From the start on, every answer asks its caller to come back over another connection. */
  watch(app: HttpApp): void
}

export function createDrain(): Drain {
  let isDraining = false
  return {
    get isDraining() {
      return isDraining
    },
    start: () => {
      isDraining = true
    },
    watch: (app) => {
      app.addHook('onRequest', async (_request, reply) => {
        if (isDraining) reply.header('connection', 'close')
      })
    },
  }
}

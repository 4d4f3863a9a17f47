import type {
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Logger } from 'pino'
import type { Principal } from '../trust/principal.ts'

/** The framework's instance, its schemas written in zod. */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  Logger,
  ZodTypeProvider
>

/** What a route says of itself. */
export interface RouteFacts {
  /** Who may call it: everybody, or (unless told) whoever is authenticated. */
  readonly access?: 'public'
  /** What metrics and logs call it: `blob.get`. */
  readonly operation?: string
  /** Its handler asks for the body itself, once it wants it. */
  readonly asksForBody?: true
  /** Asked every few seconds, and logged by itself, when its answer changes. */
  readonly isProbe?: true
}

declare module 'fastify' {
  interface FastifyContextConfig extends RouteFacts {
    /** Which protocol the route belongs to. */
    protocol?: string
  }
  interface FastifyRequest {
    /** Whom the request comes from; null on public routes. */
    principal: Principal | null
  }
}

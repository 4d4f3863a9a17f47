import swagger from '@fastify/swagger'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import type { HttpApp } from './app.ts'

/** Serves the description of every route that has schemas, made from these schemas. */
export async function addOpenApi(app: HttpApp): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'TaskVault',
        description: 'Entries and blobs of a shared vault. docs/protocol.md tells the whole story.',
        version: '1',
      },
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'A session token (`tvs_…`), or an API key (`tv_…`).',
          },
        },
      },
      security: [{ bearer: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
  app.get(
    '/openapi.json',
    { config: { access: 'public', operation: 'openapi' }, schema: { hide: true } },
    () => app.swagger(),
  )
}

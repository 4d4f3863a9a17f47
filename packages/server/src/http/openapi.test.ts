import { validate } from '@apidevtools/swagger-parser'
import { expect, test } from 'vitest'
import { createActionsCacheProtocol } from '../protocols/actions-cache/actions-cache-protocol.ts'
import { nativeProtocol } from '../protocols/native/native-protocol.ts'
import { ADMIN, startTestServer } from '../testing/start-test-server.ts'
import type { Protocol } from './protocol.ts'

interface Operation {
  readonly requestBody?: { content: Record<string, { schema: JsonSchema }> }
  readonly responses: Record<string, unknown>
  readonly parameters?: readonly { readonly name: string }[]
}
interface JsonSchema {
  readonly type?: string
  readonly additionalProperties?: unknown
  readonly properties?: Record<string, JsonSchema>
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
}
interface Description {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
}

test('the description is one of OpenAPI 3.1, and names every route of the protocol', async () => {
  const description = await fetchDescription()

  await expect(validate(structuredClone(description) as never)).resolves.toBeDefined()
  expect(description.openapi).toBe('3.1.0')
  expect(
    operationsOf(description)
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual([
    'DELETE /v1/entries/{id}',
    'DELETE /v1/keys/{id}',
    'DELETE /v1/session',
    'GET /v1/audit',
    'GET /v1/audit/verify',
    'GET /v1/blobs/{name}',
    'GET /v1/entries',
    'GET /v1/entries/{id}',
    'GET /v1/entries/{id}/why',
    'GET /v1/keys',
    'GET /v1/signing-keys',
    'GET /v1/stats',
    'GET /v1/tasks/{task}/entries/{key}',
    'GET /v1/tasks/{task}/nearest',
    'GET /v1/tenants',
    'HEAD /v1/blobs/{name}',
    'POST /v1/blobs/confirm',
    'POST /v1/blobs/missing',
    'POST /v1/blobs/uploads',
    'POST /v1/blobs/{name}/check',
    'POST /v1/entries/{id}/quarantine',
    'POST /v1/invalidate',
    'POST /v1/keys',
    'POST /v1/session',
    'POST /v1/tenants',
    'PUT /v1/blobs/{name}',
    'PUT /v1/tasks/{task}/entries/{key}',
  ])
})

test('its patterns are such that every reader of it knows', async () => {
  const text = JSON.stringify(await fetchDescription())

  const patterns = [...text.matchAll(/"pattern":"((?:[^"\\]|\\.)*)"/g)].map(
    ([, pattern]) => JSON.parse(`"${pattern}"`) as string,
  )

  expect(patterns.length).toBeGreaterThan(10)
  expect(patterns.filter((pattern) => /\\[pP]\{/.test(pattern))).toEqual([])
})

test('every operation says how it refuses', async () => {
  const description = await fetchDescription([
    nativeProtocol,
    createActionsCacheProtocol(Buffer.alloc(32)),
  ])

  const silent = operationsOf(description).filter(
    ({ operation }) => operation.responses['default'] === undefined,
  )

  expect(silent.map(({ name }) => name)).toEqual([])
})

test('no body may have a field that is not described', async () => {
  const description = await fetchDescription()

  const bodies = operationsOf(description).flatMap(({ name, operation }) =>
    Object.values(operation.requestBody?.content ?? {}).map(({ schema }) => ({ name, schema })),
  )

  expect(bodies.length).toBeGreaterThan(6)
  for (const { name, schema } of bodies) {
    for (const each of objectsWithin(schema)) {
      expect({ name, additionalProperties: each.additionalProperties }).toEqual({
        name,
        additionalProperties: false,
      })
    }
  }
})

test('whatever is described is refused without a key', async () => {
  await using server = await startTestServer()
  const description = (await (await server.fetch('/openapi.json')).json()) as Description

  for (const { name } of operationsOf(description)) {
    const [method = '', path = ''] = name.split(' ')
    const answer = await fetch(server.url + path.replaceAll(/\{\w+\}/g, 'ab'.repeat(32)), {
      method,
    })
    expect([name, answer.status]).toEqual([name, 401])
  }
})

test('it says nothing that only its bearer should know', async () => {
  await using server = await startTestServer()

  const answer = await fetch(`${server.url}/openapi.json`)

  expect(answer.status).toBe(200)
  expect(await answer.text()).not.toContain(ADMIN)
})

async function fetchDescription(
  protocols: readonly Protocol[] = [nativeProtocol],
): Promise<Description> {
  await using server = await startTestServer({ protocols })
  return (await (await server.fetch('/openapi.json')).json()) as Description
}

function operationsOf({ paths }: Description) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  )
}

function objectsWithin(schema: JsonSchema): readonly JsonSchema[] {
  const parts = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items === undefined ? [] : [schema.items]),
    ...(schema.anyOf ?? []),
  ]
  return [...(schema.type === 'object' ? [schema] : []), ...parts.flatMap(objectsWithin)]
}

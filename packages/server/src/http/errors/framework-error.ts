import { isTaskVaultError } from '@taskvault/core'
import type { FastifyError } from 'fastify'
import { Refusal } from './refusal.ts'

/** Names what the framework refuses by itself: bodies, types and schemas. Others pass unchanged. */
export function nameFrameworkError(error: unknown): unknown {
  if (isTaskVaultError(error) || !isFrameworkError(error)) return error
  if (error.validation !== undefined) {
    return new Refusal('REQUEST_INVALID', `Invalid request: ${describeValidation(error)}`, {
      hint: 'See /openapi.json for what is allowed.',
    })
  }
  const { statusCode: status = 500 } = error
  if (status >= 500) return error
  if (status === 413) {
    return new Refusal('REQUEST_TOO_LARGE', 'The body is too large for this request', {
      hint: 'Send fewer items in one request.',
    })
  }
  return new Refusal('REQUEST_INVALID', `Invalid request: ${error.message}`, { status })
}

function isFrameworkError(error: unknown): error is FastifyError {
  return error instanceof Error && ('statusCode' in error || 'validation' in error)
}

/** The first faults by place: `body.names.3: Invalid string`. */
function describeValidation({ validation = [], validationContext }: FastifyError): string {
  const faults = validation.slice(0, 5).map(({ instancePath, message = 'is invalid' }) => {
    // What is wrong with the whole lies at `/`.
    const within = instancePath === '/' ? '' : instancePath.replaceAll('/', '.')
    const place = `${validationContext ?? ''}${within}`
    return place === '' ? message : `${place}: ${message}`
  })
  return faults.join('; ')
}

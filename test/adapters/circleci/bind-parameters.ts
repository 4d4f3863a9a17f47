import type { Component, Parameter } from './orb.ts'

export type Values = Readonly<Record<string, unknown>>

/**
 * The values of a component's parameters when it is called with `given`. CircleCI refuses what is thrown
 * here before a job begins.
 */
export function bindParameters(
  what: string,
  { parameters = {} }: Component,
  given: Values,
): Values {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(parameters, name)) throw new Error(`${what} has no parameter ${name}`)
  }
  return Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => {
      const value = given[name] ?? parameter.default
      if (value === undefined) throw new Error(`${what} needs the parameter ${name}`)
      const problem = findMismatch(parameter, value)
      if (problem !== undefined) {
        throw new Error(
          `${what}: parameter ${name} is ${JSON.stringify(value)}, and must be ${problem}`,
        )
      }
      return [name, value]
    }),
  )
}

/** What the value must be, when it is not that. */
function findMismatch({ type, enum: choices = [] }: Parameter, value: unknown): string | undefined {
  switch (type) {
    case 'string':
    case 'env_var_name':
      return typeof value === 'string' ? undefined : 'a string'
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'a boolean'
    case 'integer':
      return Number.isInteger(value) ? undefined : 'an integer'
    case 'steps':
      return Array.isArray(value) ? undefined : 'steps'
    case 'executor':
      return typeof value === 'string' || isMap(value) ? undefined : 'an executor'
    case 'enum':
      return choices.includes(String(value)) ? undefined : `one of ${choices.join(', ')}`
    default:
      throw new Error(`there is no type ${type}`)
  }
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

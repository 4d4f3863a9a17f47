import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import cliPackage from '../../../packages/cli/package.json' with { type: 'json' }
import type { Component, Orb, Step } from './orb.ts'

const SOURCE = path.join(import.meta.dirname, '../../../orbs/taskvault/src')
const SNAKE_CASE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/

/** The rules by which CircleCI's own tools review an orb. */
export function describeReview(orb: Orb): void {
  const components = Object.entries({
    commands: orb.commands,
    jobs: orb.jobs,
    executors: orb.executors,
  }).flatMap(([section, all]) =>
    Object.entries(all).map(([name, component]) => ({ section, name, component })),
  )
  const runSteps = components.flatMap(({ section, name, component }) =>
    findRunSteps(component.steps ?? []).map((step) => ({ at: `${section}/${name}`, step })),
  )

  describe('the review of the orb', () => {
    test('RC001: names the repository of its sources', () => {
      expect(orb.display.source_url).toMatch(/^https:\/\//)
    })

    test('RC002: describes every component and parameter', () => {
      for (const { name, component } of components) {
        expect(component.description?.trim(), name).toBeTruthy()
        for (const [parameter, { description }] of Object.entries(component.parameters ?? {}))
          expect(description?.trim(), `${name}.${parameter}`).toBeTruthy()
      }
      for (const [name, { description }] of Object.entries(orb.examples))
        expect(description?.trim(), name).toBeTruthy()
    })

    test('RC003: has examples', () => {
      expect(Object.keys(orb.examples).length).toBeGreaterThan(0)
    })

    test('RC004: no example is called example', () => {
      for (const name of Object.keys(orb.examples)) expect(name).not.toMatch(/^example/)
    })

    test('RC005: describes the orb in 64 characters at least', () => {
      expect(orb.description.length).toBeGreaterThanOrEqual(64)
    })

    test('RC006, RC007: the addresses of home and sources are whole', () => {
      for (const url of [orb.display.home_url, orb.display.source_url])
        expect(URL.canParse(url ?? '')).toBe(true)
    })

    test('RC008: every run step has a name', () => {
      expect(runSteps.length).toBeGreaterThan(3)
      for (const { at, step } of runSteps) expect(step['name'], at).toBeTruthy()
    })

    test('RC009: commands longer than 64 characters lie in files', () => {
      for (const section of ['commands', 'jobs'])
        for (const file of readdirSync(path.join(SOURCE, section))) {
          const text = readFileSync(path.join(SOURCE, section, file), 'utf8')
          for (const [, command = ''] of text.matchAll(/^ {6,}command: (.*)$/gm))
            expect(command.length <= 64 || command.includes('include('), file).toBe(true)
        }
    })

    test('RC010: components and parameters are in snake case', () => {
      for (const { name, component } of components)
        for (const each of [name, ...Object.keys(component.parameters ?? {})])
          expect(each).toMatch(SNAKE_CASE)
      for (const name of Object.keys(orb.examples)) expect(name).toMatch(SNAKE_CASE)
    })

    test('RC011: examples use the major version that there is', () => {
      const major = cliPackage.version.split('.')[0]
      for (const { usage } of Object.values(orb.examples))
        expect(usage.orbs).toEqual({ taskvault: `taskvault/taskvault@${major}` })
    })

    test('RC012: no default takes the value of an environment variable', () => {
      for (const { component } of components)
        for (const { default: value } of Object.values(component.parameters ?? {}))
          expect(String(value)).not.toContain('$')
    })

    test('variables of run steps are text or numbers, as the schema of CircleCI says', () => {
      for (const { at, step } of runSteps)
        for (const value of Object.values(step['environment'] ?? {}))
          expect(['string', 'number'], at).toContain(typeof value)
    })

    test('no parameter stands within a script', () => {
      for (const { at, step } of runSteps)
        expect(String(step['command']), at).not.toMatch(/(?<!\\)<<\s*parameters/)
    })
  })
}

/** The run steps among `steps`, and below conditions among them. */
function findRunSteps(steps: readonly Step[]): readonly Readonly<Record<string, unknown>>[] {
  return steps.flatMap((step) => {
    if (typeof step === 'string') return []
    const { run, when, unless } = step as Record<string, Component | undefined>
    const nested = [...(when?.steps ?? []), ...(unless?.steps ?? [])]
    return [...(run === undefined ? [] : [run]), ...findRunSteps(nested)]
  })
}

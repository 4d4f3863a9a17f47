import type { Build } from './open-jenkins.ts'

/** The step around `work`, with whatever else is given. */
export function step(parameters: string = '', block: string = "sh 'work'"): string {
  return `taskvaultCache(task: 'unit_tests', inputs: ['src/**'], outputs: ['out.txt']${parameters}) { ${block} }`
}

/** A scripted pipeline with the library. */
export function scripted(content: string): string {
  return `@Library('taskvault') _\nnode {\n${content}\n}`
}

/** A branch of `parallel` with a stage of its own; only the salt tells the branches' tasks apart. */
export function branch(name: string, block: string): string {
  return `${name}: { stage('${name}') { taskvaultCache(task: 'matrix', inputs: ['src/**'], outputs: [], salt: '${name}') { ${block} } } }`
}

/** Text as a Groovy literal that nothing is replaced in. */
export function groovyText(text: string): string {
  const escaped = text
    .replaceAll('\\', String.raw`\\`)
    .replaceAll("'", String.raw`\'`)
    .replaceAll('\n', String.raw`\n`)
  return `'${escaped}'`
}

/** What each process was started for: the label of the step, or its script. */
export function labels(build: Build): readonly (string | null | undefined)[] {
  return build.steps
    .filter(({ name }) => name === 'sh' || name === 'bat')
    .map(({ parameters, value }) => parameters['label'] ?? value)
}

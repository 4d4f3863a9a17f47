import type { CommandPlace } from './command-tree.ts'

/** The paths of all commands and groups: what a word on the line may lead to. */
export function innerPaths(places: readonly CommandPlace[]): readonly string[] {
  return places.map(({ path }) => path).filter((path) => path !== '')
}

/** Every option that the next word belongs to. */
export function valuedOptions(places: readonly CommandPlace[]): readonly string[] {
  const words = places.flatMap(({ options }) =>
    options.filter(({ takesValue }) => takesValue).map(({ word }) => word),
  )
  return [...new Set(words)].toSorted()
}

/** A line of a shell's `case` for each option whose value is one of some words. */
export function renderChoices(
  places: readonly CommandPlace[],
  render: (choices: readonly string[]) => string,
): string {
  const options = places.flatMap((place) => place.options)
  const lines = options.flatMap(({ word, choices }) =>
    choices === undefined ? [] : [`    ${word}) ${render(choices)}; return ;;`],
  )
  return [...new Set(lines)].join('\n')
}

/** Text between single quotes of a shell: a quote in it is written as `escaped`. */
export function quote(text: string, escaped: string): string {
  return `'${text.replaceAll("'", escaped)}'`
}

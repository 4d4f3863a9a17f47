import type { Candidate, CommandPlace } from './command-tree.ts'
import { innerPaths, quote } from './places.ts'

export function renderFishCompletion(places: readonly CommandPlace[]): string {
  const lines = places.flatMap(({ path, commands, options, choices }) => [
    ...commands.map((command) => offer(path, `-f -a ${quoted(command.word)}`, command.summary)),
    ...choices.map((choice) => offer(path, `-f -a ${quoted(choice)}`, '')),
    ...options.map((option) => offer(path, flagOf(option), option.summary)),
  ])
  return `# fish completion for taskvault

function __taskvault_at
    set -l place ''
    for word in (commandline -opc)[2..-1]
        switch "$place/$word"
            case ${innerPaths(places).join(' ')}
                set place "$place/$word"
        end
    end
    test "$place" = "$argv[1]"
end

${lines.join('\n')}
`
}

function offer(path: string, what: string, summary: string): string {
  const description = summary === '' ? '' : ` -d ${quoted(summary)}`
  return `complete -c taskvault -n "__taskvault_at '${path}'" ${what}${description}`
}

function flagOf({ word, takesValue, choices }: Candidate): string {
  const kind = word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`
  if (choices !== undefined) return `${kind} -x -a ${quoted(choices.join(' '))}`
  return takesValue ? `${kind} -r` : kind
}

function quoted(text: string): string {
  return quote(text.replaceAll('\\', '\\\\'), String.raw`\'`)
}

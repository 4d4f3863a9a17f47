import type { CommandPlace } from './command-tree.ts'
import { innerPaths, renderChoices, valuedOptions } from './places.ts'

/** Works with bash 3.2, which macOS still brings. */
export function renderBashCompletion(places: readonly CommandPlace[]): string {
  const cases = places.map(({ path, commands, options, choices }) => {
    const words = [...commands.map(({ word }) => word), ...choices].join(' ')
    const flags = options.map(({ word }) => word).join(' ')
    return `    '${path}') words='${words}'; flags='${flags}' ;;`
  })
  return `# bash completion for taskvault

_taskvault() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  local place='' words='' flags='' index
  COMPREPLY=()
  for (( index = 1; index < COMP_CWORD; index++ )); do
    # Behind -- stands somebody else's command.
    [[ \${COMP_WORDS[index]} == -- ]] && return
    case "$place/\${COMP_WORDS[index]}" in
      ${innerPaths(places).join('|')}) place="$place/\${COMP_WORDS[index]}" ;;
    esac
  done
  case "$before" in
${renderChoices(places, (choices) => `COMPREPLY=( $(compgen -W '${choices.join(' ')}' -- "$current") )`)}
  esac
  # A file name, which is what bash completes when we offer nothing.
  case "$before" in ${valuedOptions(places).join('|')}) return ;; esac
  case "$place" in
${cases.join('\n')}
  esac
  [[ $current == -* ]] && words=$flags
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
}

complete -o default -F _taskvault taskvault
`
}

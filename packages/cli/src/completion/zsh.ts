import type { Candidate, CommandPlace } from './command-tree.ts'
import { innerPaths, quote, renderChoices, valuedOptions } from './places.ts'

export function renderZshCompletion(places: readonly CommandPlace[]): string {
  const cases = places.map(({ path, commands, options, choices }) => {
    const plain = choices.map((word) => ({ word, summary: '', takesValue: false }))
    return `    '${path}')
      candidates=(${[...commands, ...plain].map(describe).join(' ')})
      flags=(${options.map(describe).join(' ')}) ;;`
  })
  return `#compdef taskvault

_taskvault() {
  local -a candidates flags
  local place='' index
  for (( index = 2; index < CURRENT; index++ )); do
    # Behind -- stands somebody else's command, which zsh completes as if it stood alone.
    if [[ \${words[index]} == -- ]]; then
      shift $index words
      (( CURRENT -= index ))
      _normal
      return
    fi
    case "$place/\${words[index]}" in
      ${innerPaths(places).join('|')}) place="$place/\${words[index]}" ;;
    esac
  done
  case "\${words[CURRENT-1]}" in
${renderChoices(places, (choices) => `compadd ${choices.join(' ')}`)}
  esac
  case "\${words[CURRENT-1]}" in ${valuedOptions(places).join('|')}) _files; return ;; esac
  case "$place" in
${cases.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option flags
  elif (( $#candidates )); then
    _describe command candidates
  else
    _files
  fi
}

# Called as a completion function when autoloaded, and registered when sourced.
if [[ $funcstack[1] == _taskvault ]]; then _taskvault "$@"; else compdef _taskvault taskvault; fi
`
}

/** `word:summary`, where a colon of the word's own is escaped. */
function describe({ word, summary }: Candidate): string {
  return quote(`${word.replaceAll(':', '\\:')}:${summary}`, String.raw`'\''`)
}

import type { Candidate, CommandPlace } from './command-tree.ts'
import { quote } from './places.ts'

export function renderPowerShellCompletion(places: readonly CommandPlace[]): string {
  const entries = places.map(({ path, commands, options, choices }) => {
    const plain = choices.map((word) => ({ word, summary: word, takesValue: false }))
    const candidates = [...commands, ...plain, ...options].map(describe)
    return `    '${path}' = @(\n${candidates.map((line) => `      ${line}`).join('\n')}\n    )`
  })
  return `# PowerShell completion for taskvault

Register-ArgumentCompleter -Native -CommandName taskvault -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $places = @{
${entries.join('\n')}
  }
  $place = ''
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    if ($element.Extent.EndOffset -ge $cursorPosition) { break }
    if ($places.ContainsKey("$place/$element")) { $place = "$place/$element" }
  }
  $places[$place] | Where-Object { $_[0] -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
  }
}
`
}

/** A pair of word and tooltip, which must not be empty. */
function describe({ word, summary }: Candidate): string {
  return `,@(${quote(word, "''")}, ${quote(summary === '' ? word : summary, "''")})`
}

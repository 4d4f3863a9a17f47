/**
 * Text in which nothing can begin a line or steer a terminal: CI systems take commands from lines of
 * their logs, and names of files come from whoever made a pull request.
 */
export function onOneLine(text: string): string {
  return text.replaceAll(/\p{C}/gu, (character) => {
    const escaped = JSON.stringify(character).slice(1, -1)
    // JSON leaves some as they are that terminals do not: C1 controls, marks that turn text around.
    return escaped === character ? escapeCode(character) : escaped
  })
}

function escapeCode(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`
}

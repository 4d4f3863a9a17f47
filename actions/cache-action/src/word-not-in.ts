/** A word that does not occur in a text, and so cannot end it too early. */
export function wordNotIn(text: string): string {
  for (let number = 0; ; number += 1) {
    const word = `taskvault-${number}`
    if (!text.includes(word)) return word
  }
}

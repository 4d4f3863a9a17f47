import { chanceName } from '@taskvault/core'

/**
 * A word that does not occur in a text, and so cannot end it too early. By chance: counting up, a text that
 * counts as well would keep us looking.
 */
export function wordNotIn(text: string): string {
  for (;;) {
    const word = `taskvault-${chanceName()}`
    if (!text.includes(word)) return word
  }
}

/** Gives each text of a statement a name, under which each connection prepares it once. */
export interface StatementNames {
  nameOf(text: string): string | undefined
}

/** Far more than there are: what comes later was built from data, and is not worth preparing. */
const MOST_NAMES = 1_000

export function createStatementNames(): StatementNames {
  const names = new Map<string, string>()
  return {
    nameOf(text) {
      const known = names.get(text)
      if (known !== undefined || names.size >= MOST_NAMES) return known
      const name = `tv${names.size}`
      names.set(text, name)
      return name
    },
  }
}

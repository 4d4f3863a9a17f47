import { registerHooks } from 'node:module'
import { TextDocument } from 'vscode-languageserver-textdocument'
import type { ActionFile } from '../../../scripts/build-github-action.ts'

/** What GitHub's own language service has to say about a file, one sentence each. */
export type Lint = (name: string, text: string) => Promise<readonly string[]>

/**
 * Opens the service, which knows our action by its files. It imports JSON in the way of a bundler, which
 * Node refuses unless it is told that it is JSON.
 */
export async function openLanguageService(actions: ReadonlyMap<string, ActionFile>): Promise<Lint> {
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context)
      if (!found.url.endsWith('.json')) return found
      return { ...found, importAttributes: { type: 'json' } }
    },
  })
  const { validate } = await import('@actions/languageservice')
  const actionsMetadataProvider = {
    async fetchActionMetadata({ owner, name, path = '' }: Reference) {
      const isOurs = owner === 'taskvault' && name === 'cache-action'
      const action = isOurs ? actions.get(path) : OTHERS.get(`${owner}/${name}`)
      return action && { name, description: name, ...action }
    },
  }
  let documents = 0
  return async (name, text) => {
    documents += 1
    // The service remembers what it has read by its address.
    const document = TextDocument.create(`file:///${documents}/${name}`, 'yaml', 1, text)
    const found = await validate(document, { actionsMetadataProvider })
    return found.map(({ message, range }) => {
      const said = typeof message === 'string' ? message : message.value
      return `${name}:${range.start.line + 1}: ${said}`
    })
  }
}

/** Of actions that are not ours, the inputs that the page gives them. */
const OTHERS: ReadonlyMap<string, ActionFile> = new Map([
  [
    'actions/checkout',
    {
      inputs: { 'persist-credentials': { description: 'Whether git keeps the token' } },
      outputs: {},
    },
  ],
])

interface Reference {
  readonly owner: string
  readonly name: string
  readonly path?: string
}

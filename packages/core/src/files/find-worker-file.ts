import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * The file that a thread is started with: it lies beside the one that starts it, as source and in every bundle.
 * @param beside the `import.meta.url` of that one.
 * @returns undefined where there is none.
 */
export function findWorkerFile(name: string, beside: string): string | undefined {
  return ['mjs', 'cjs', 'ts']
    .map((extension) => fileURLToPath(new URL(`${name}.${extension}`, beside)))
    .find((candidate) => existsSync(candidate))
}

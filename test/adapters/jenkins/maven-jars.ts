import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** A file of Maven Central. */
export interface Jar {
  /** Below the repository's root. */
  readonly path: string
  readonly sha256: string
}

/** What Jenkins transforms pipelines with, and runs them by. */
export const CPS_JARS: readonly Jar[] = [
  {
    path: 'com/cloudbees/groovy-cps/1.31/groovy-cps-1.31.jar',
    sha256: 'ecfd4e43d75ca8204e278ff01d27c10d4b0d7b3ee781a18d1c363fc04c5c3e7e',
  },
  {
    path: 'com/google/guava/guava/11.0.1/guava-11.0.1.jar',
    sha256: 'aa7cef9d2ba0110a2db7be0fb6e679cd71f6a26fc3ba9da7715f41d3300def1d',
  },
]

/** What Jenkins looks at each call of a pipeline with, that is not trusted. */
export const SANDBOX_JARS: readonly Jar[] = [
  {
    path: 'org/kohsuke/groovy-sandbox/1.19/groovy-sandbox-1.19.jar',
    sha256: '606b2fe4bab1fc40f5816d81c9daa31348df7de0e3ad97c3031a786f0fcd12da',
  },
]

/** The linter that has rules for Jenkins, and what it needs. */
export const CODENARC_JARS: readonly Jar[] = [
  {
    path: 'org/codenarc/CodeNarc/3.5.0/CodeNarc-3.5.0.jar',
    sha256: '444e61901aa646d9a980e4c12197e2d1c859e3b7a0c6737dfe80f67725282a27',
  },
  {
    path: 'org/codehaus/groovy/groovy/3.0.9/groovy-3.0.9.jar',
    sha256: '77bf86897f295f8cae2e1f46b1eca109f487ba81b66ef24a2b6dcba1eb7d6ce7',
  },
  {
    path: 'org/codehaus/groovy/groovy-json/3.0.9/groovy-json-3.0.9.jar',
    sha256: 'fb8edd9f367e0a5debc03f31523755a95e9eedae8bd1c0e9df1493188e350263',
  },
  {
    path: 'org/codehaus/groovy/groovy-templates/3.0.9/groovy-templates-3.0.9.jar',
    sha256: '6188c3be1f2db4c562976339464847345c38ae43136c9334c9e2c027c6f38059',
  },
  {
    path: 'org/codehaus/groovy/groovy-xml/3.0.9/groovy-xml-3.0.9.jar',
    sha256: '2bcecd848caed3975358a5c556aa49154b2d66f0c8a5c17043dd7b7d8985b6fe',
  },
  {
    path: 'org/slf4j/slf4j-api/1.7.35/slf4j-api-1.7.35.jar',
    sha256: '84cbd60deaf9e18db8cb181e43db4e63f7de353cfcaf654a76d85b22da4d2762',
  },
]

const CACHE = path.resolve(import.meta.dirname, '../../../node_modules/.cache/maven')
const CENTRAL = 'https://repo1.maven.org/maven2/'
const ATTEMPTS = 3
const TIMEOUT_MS = 60_000

/**
 * Where the jars are on this machine; those that it has not are fetched once.
 * @throws {Error} that names the file when it cannot be had, or is another than it was.
 */
export async function fetchJars(jars: readonly Jar[]): Promise<readonly string[]> {
  return await Promise.all(jars.map((jar) => fetchJar(jar)))
}

async function fetchJar(jar: Jar): Promise<string> {
  const file = path.join(CACHE, path.basename(jar.path))
  if (existsSync(file) && digestOf(readFileSync(file)) === jar.sha256) return file
  const bytes = await download(new URL(jar.path, process.env['MAVEN_CENTRAL_URL'] ?? CENTRAL))
  const digest = digestOf(bytes)
  if (digest !== jar.sha256) throw new Error(`${jar.path} has the digest ${digest}`)
  mkdirSync(CACHE, { recursive: true })
  // Two test files may want the same one at the same time.
  const temporary = `${file}.${randomUUID()}`
  writeFileSync(temporary, bytes)
  renameSync(temporary, file)
  return file
}

async function download(url: URL): Promise<Uint8Array> {
  let last: unknown
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
      if (response.ok) return new Uint8Array(await response.arrayBuffer())
      last = new Error(`status ${response.status}`)
    } catch (error) {
      last = error
    }
  }
  throw new Error(`Could not fetch ${url.href}`, { cause: last })
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

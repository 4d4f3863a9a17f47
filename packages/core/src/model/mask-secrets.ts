/** What stands in a recorded log where a secret stood. */
const MASK = '***'

/** Replaces secrets in one stream of bytes, however the stream is cut into pieces. */
export interface Masker {
  /** The masked bytes that are certain by now; the start of a possible secret is held back. */
  push(bytes: Uint8Array): Uint8Array
  /** What was held back. */
  end(): Uint8Array
}

/** Secrets in the form in which they are looked for; made once, used by many maskers. */
export interface SecretPatterns {
  /** Matches the longest secret at the leftmost place; undefined when there are no secrets. */
  readonly matcher: RegExp | undefined
  readonly patterns: readonly string[]
  /** First characters of all patterns: most places are dismissed by looking here. */
  readonly firstCharacters: ReadonlySet<string>
  readonly longest: number
}

const SHORTEST_LINE = 6
const SHORTEST_FRAGMENT = 10

/**
 * Prepares to look for `secrets` as they are, line by line when they have several lines, and as they
 * look in a URL, in JSON and in base64 (also inside a longer text that was encoded as a whole).
 * Text is searched as Latin-1, one character for each byte, so that no encoding is assumed.
 */
export function compileSecrets(secrets: readonly string[]): SecretPatterns {
  const variants = new Set(secrets.filter((secret) => secret.length > 0).flatMap(variantsOf))
  // Longest first: of two alternatives that match at one place, a regular expression takes the former.
  const patterns = [...variants].toSorted((a, b) => b.length - a.length)
  return {
    matcher:
      patterns.length === 0 ? undefined : new RegExp(patterns.map(escapePattern).join('|'), 'g'),
    patterns,
    firstCharacters: new Set(patterns.map((pattern) => pattern.charAt(0))),
    longest: patterns[0]?.length ?? 0,
  }
}

export function createMasker(secrets: SecretPatterns): Masker {
  const { matcher } = secrets
  if (matcher === undefined) return { push: (bytes) => bytes, end: () => Buffer.alloc(0) }
  let held = ''
  return {
    push(bytes) {
      const text = held + asBuffer(bytes).toString('latin1')
      const { masked, rest } = maskText(text, matcher, secrets)
      held = rest
      return Buffer.from(masked, 'latin1')
    },
    end() {
      // Nothing follows: what was held back is no start of a longer secret, but may hold a shorter one.
      const last = held.replace(matcher, MASK)
      held = ''
      return Buffer.from(last, 'latin1')
    },
  }
}

function maskText(
  text: string,
  matcher: RegExp,
  secrets: SecretPatterns,
): { masked: string; rest: string } {
  matcher.lastIndex = 0
  let masked = ''
  let at = 0
  let open = findOpenSecret(text, at, secrets)
  for (let match = matcher.exec(text); match !== null; match = matcher.exec(text)) {
    // A secret that began earlier, or a longer one that began here, may yet be completed.
    if (match.index >= open) break
    masked += text.slice(at, match.index) + MASK
    at = matcher.lastIndex
    if (open < at) open = findOpenSecret(text, at, secrets)
  }
  return { masked: masked + text.slice(at, open), rest: text.slice(open) }
}

/** Where, at or after `from`, the first secret begins that the end of `text` cuts off. */
function findOpenSecret(text: string, from: number, secrets: SecretPatterns): number {
  for (let at = Math.max(from, text.length - secrets.longest + 1); at < text.length; at += 1) {
    if (!secrets.firstCharacters.has(text.charAt(at))) continue
    const rest = text.slice(at)
    const isOpen = (pattern: string): boolean =>
      pattern.length > rest.length && pattern.startsWith(rest)
    if (secrets.patterns.some(isOpen)) return at
  }
  return text.length
}

function variantsOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE)
  const texts = [
    secret,
    // A terminal prints CR LF for LF, and tools indent or prefix the lines of a key.
    ...(lines.length > 1 || secret.includes('\n') ? lines : []),
    encodeUrl(secret),
    JSON.stringify(secret).slice(1, -1),
  ]
  return [...texts.map(asLatin1), ...base64Fragments(secret)]
}

/** The secret's base64 at each of its three alignments, without the characters that neighbours decide. */
function base64Fragments(secret: string): string[] {
  const fragments = [0, 1, 2].flatMap((shift) => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)])
    const certain = [Math.ceil((shift * 8) / 6), Math.floor((bytes.length * 8) / 6)] as const
    return [
      bytes.toString('base64').slice(...certain),
      bytes.toString('base64url').slice(...certain),
    ]
  })
  return fragments.filter((fragment) => fragment.length >= SHORTEST_FRAGMENT)
}

function encodeUrl(secret: string): string {
  // A lone surrogate has no URL form.
  return secret.isWellFormed() ? encodeURIComponent(secret) : secret
}

function asLatin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function escapePattern(pattern: string): string {
  return pattern.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)
}

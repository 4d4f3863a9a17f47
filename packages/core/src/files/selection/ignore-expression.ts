/** The named sets that may stand in a bracket expression, as `[[:digit:]]`; ASCII only, as git has it. */
const NAMED_SETS: Readonly<Record<string, string>> = {
  alnum: 'a-zA-Z0-9',
  alpha: 'a-zA-Z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '\\x21-\\x7e',
  lower: 'a-z',
  print: '\\x20-\\x7e',
  punct: '\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e',
  space: '\\t-\\r ',
  upper: 'A-Z',
  xdigit: '0-9a-fA-F',
}

const WILDCARD = /[*?[\\]/

/**
 * The regular expression of a .gitignore pattern, as git's own matcher reads it: `*` and `?` stop at
 * `/`; `**` spans directories only where it stands for whole segments. Undefined for a pattern that
 * matches nothing, such as one with an open bracket.
 */
export function toExpression(pattern: string): RegExp | undefined {
  let source = ''
  for (let at = 0; at < pattern.length;) {
    const part = nextPart(pattern, at)
    if (part === undefined) return undefined
    source += part.source
    at = part.end
  }
  return new RegExp(`^${source}$`, 'su')
}

interface Part {
  readonly source: string
  /** Where the next part begins. */
  readonly end: number
}

function nextPart(pattern: string, at: number): Part | undefined {
  switch (pattern.charAt(at)) {
    case '*':
      return stars(pattern, at)
    case '?':
      return { source: '[^/]', end: at + 1 }
    case '[':
      return bracket(pattern, at)
    case '\\':
      return at + 1 < pattern.length ? literal(pattern, at + 1) : undefined
    default:
      return literal(pattern, at)
  }
}

function stars(pattern: string, at: number): Part {
  let end = at + 1
  while (pattern[end] === '*') end += 1
  // Git compares the text before the first wildcard by itself, and then takes what is left for the
  // whole pattern: so `a**/b` begins like `**/b`, and matches `ab`.
  const isStart = at === pattern.search(WILDCARD) || pattern[at - 1] === '/'
  const isWholeSegment = end > at + 1 && isStart && (end === pattern.length || pattern[end] === '/')
  if (!isWholeSegment) return { source: '[^/]*', end }
  return end === pattern.length ? { source: '.*', end } : { source: '(?:.*/)?', end: end + 1 }
}

function literal(pattern: string, at: number): Part {
  const character = String.fromCodePoint(pattern.codePointAt(at) ?? 0)
  return { source: escape(character), end: at + character.length }
}

/** `[abc]`, `[!a-z]`, `[[:digit:]x]`; a `]` that comes first stands for itself. */
function bracket(pattern: string, at: number): Part | undefined {
  let end = at + 1
  const isNegated = pattern[end] === '!' || pattern[end] === '^'
  if (isNegated) end += 1
  let set = ''
  for (let isFirst = true; isFirst || pattern[end] !== ']'; isFirst = false) {
    const member = setMember(pattern, end)
    if (member === undefined) return undefined
    set += member.source
    end = member.end
  }
  return { source: isNegated ? `[^/${set}]` : `(?!/)[${set}]`, end: end + 1 }
}

function setMember(pattern: string, at: number): Part | undefined {
  const named = /^\[:([a-z]*):\]/.exec(pattern.slice(at, at + 12))
  if (named !== null) {
    const source = NAMED_SETS[named[1] ?? '']
    return source === undefined ? undefined : { source, end: at + named[0].length }
  }
  const from = setCharacter(pattern, at)
  if (from === undefined) return undefined
  const isRange = pattern[from.end] === '-' && pattern[from.end + 1] !== ']'
  const to = isRange ? setCharacter(pattern, from.end + 1) : undefined
  if (to === undefined) return from
  // A range that runs backwards, such as `c-a`, is its first character alone.
  const isEmpty = characterAt(pattern, to.end) < characterAt(pattern, from.end)
  return { source: isEmpty ? from.source : `${from.source}-${to.source}`, end: to.end }
}

function setCharacter(pattern: string, at: number): Part | undefined {
  const start = pattern[at] === '\\' ? at + 1 : at
  return start < pattern.length ? literal(pattern, start) : undefined
}

/** The code of the character that ends at `end`. */
function characterAt(pattern: string, end: number): number {
  const isPair = /[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(pattern.slice(0, end))
  return pattern.codePointAt(end - (isPair ? 2 : 1)) ?? 0
}

function escape(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character)
    ? `\\${character}`
    : character === '-'
      ? '\\x2d'
      : character
}

import { COMMANDS, COMMAND_GROUPS, findOperands } from './command-table.ts'

/**
 * `help cache stats` and `cache help stats` as `cache stats --help`. Help for what does not exist becomes the
 * command line without `help`, which is refused with the nearest name: commander would say that none was given.
 */
export function resolveHelp(argv: readonly string[]): readonly string[] {
  const helpAt = findHelp(argv)
  if (helpAt === undefined) return argv
  const rest = argv.toSpliced(helpAt, 1)
  if (!isKnown(wordsOf(rest))) return rest
  const end = rest.indexOf('--')
  return rest.toSpliced(end === -1 ? rest.length : end, 0, '--help')
}

/** Where `help` stands; undefined where that word is an argument, such as a task's name. */
function findHelp(argv: readonly string[]): number | undefined {
  const [first, second] = findOperands(argv)
  if (first === undefined || argv[first] === 'help') return first
  const isInGroup = Object.hasOwn(COMMAND_GROUPS, argv[first] ?? '')
  return isInGroup && second !== undefined && argv[second] === 'help' ? second : undefined
}

function wordsOf(argv: readonly string[]): readonly string[] {
  return findOperands(argv).map((index) => argv[index] ?? '')
}

function isKnown([first, second]: readonly string[]): boolean {
  if (first === undefined) return true
  if (second === undefined && Object.hasOwn(COMMAND_GROUPS, first)) return true
  return COMMANDS.some(({ words }) => words === first || words === `${first} ${second}`)
}

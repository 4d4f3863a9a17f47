import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Results } from './results.ts'
import { renderCommands, renderFigures, renderGaps, renderGrowth, renderTargets } from './tables.ts'

const REPORT = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url))
const PROFILES = new URL('../../profiles.md', import.meta.url)

/** Writes docs/benchmarks.md from a session's figures; returns its path. */
export function writeReport(results: Results): string {
  writeFileSync(REPORT, renderReport(results))
  return REPORT
}

/** The page as markdown. What profiles show is written by hand, in `bench/profiles.md`. */
function renderReport(results: Results): string {
  const gaps = renderGaps(results.rows)
  const sections = [
    '# Benchmarks',
    'Written by `pnpm bench report`; do not edit. Compare the ratios, not the seconds: both sides of a ratio ran in turn, in one session, on one machine.',
    '## Targets',
    renderTargets(results.rows.filter(({ targets }) => targets.length > 0)),
    ...(gaps === '' ? [] : ['Not measured:', gaps]),
    ...(existsSync(PROFILES) ? [readFileSync(PROFILES, 'utf8').trim()] : []),
    '## Growth',
    'Cost must grow in step with the number of paths and with changed bytes. The exponent is the slope of log(cost) over log(size), after subtracting the cost of the smallest size as the fixed part: 1 is linear, 2 is quadratic.',
    renderGrowth(results.rows),
    '## Figures',
    'Medians; the highest run for memory. Processor time is user and system time of the process and all it started; peak memory is that of the largest single process.',
    renderFigures(results.rows),
    '## Commands',
    renderCommands(results.rows),
    '## Machine and versions',
    renderMachine(results),
    '## How it is measured',
    METHOD,
    '## Repeat it',
    REPEAT,
  ]
  return `${sections.join('\n\n')}\n`
}

function renderMachine({
  machine,
  tools,
  medium,
  startedAt,
  rounds,
  tookSeconds,
}: Results): string {
  const peers = Object.entries(tools).map(([name, tool]) =>
    tool.kind === 'found' ? `${name} ${tool.version}` : `${name} missing`,
  )
  const load = machine.loadPerCore.toFixed(2)
  return [
    `- ${machine.processor}, ${machine.cores} cores, ${(machine.memoryBytes / 1024 ** 3).toFixed(0)} GiB`,
    `- ${machine.system}, Node ${machine.node}`,
    `- Files on ${medium}; load per core at the start ${load}${machine.loadPerCore > 0.3 ? ' (**not quiet: repeat it**)' : ''}`,
    `- ${peers.join(', ')}`,
    `- ${startedAt.slice(0, 10)}, ${rounds} rounds unless the table says otherwise, ${Math.round(tookSeconds / 60)} minutes`,
  ].join('\n')
}

const METHOD = `- Contestants take turns, A B C, A B C, after a warm-up round that is not counted; a ratio is that of the medians, in brackets the median of the ratios of each round.
- A whole process is timed, from fork to exit, including its start-up. Only the rows of the SDK and of statistics time calls within a process; each store has its own process.
- Cold means that the stat cache is empty and every byte is read and hashed; warm means that it knows the tree. The page cache is always warm: on a RAM file system nothing else is possible, and fsync costs nothing there, for us and for the peers.
- The results of the first round are checked: restored trees are compared with the originals byte by byte, with modes and times; saved ones are verified; hashes must change with a byte that changes neither size nor time; and the builds of turbo and wireit must not have run again.
- An upgrade replaces what the package manager replaced, and nothing else: other files keep their inode and times. Between runs, vaults and repositories are reset to the state before the upgrade.
- Peers do different work: restic encrypts, \`tar\` and \`cp\` verify nothing, cacache does not fsync.`

const REPEAT = `\`\`\`
pnpm install && pnpm build
pnpm bench all            # half an hour; or some of: tree sdk cli scale index server
pnpm bench all --quick    # three rounds
pnpm bench report         # writes this page from the newest results
\`\`\`

Linux with GNU tar, coreutils, findutils and time; \`apt-get install time zstd restic b3sum git\` installs the peers; missing ones are skipped and named. Needs about 10 GB of free memory, or of disk with \`TASKVAULT_BENCH_DIR=DIRECTORY\`. The tree of the first rows is installed once from pinned versions (\`bench/tree-packages.json\`) and needs the network for that. Nothing else should run meanwhile.`

/** What a run can yield. Times are milliseconds, sizes are bytes. */
export type Metric =
  | 'wallMs'
  | 'cpuMs'
  | 'rssBytes'
  | 'storedBytes'
  | 'wholeBytes'
  | 'opsPerSecond'
  | 'p50Ms'

/** One run's figures. `cpuMs` is user and system time of the process and all it waited for. */
export type Sample = Readonly<Partial<Record<Metric, number>>>

/**
 * What a row has to reach. `ratio`: ours divided by the peer's. `limit`: ours alone.
 * `difference`: ours less the peer's. Judged by medians, except `rssBytes`: there the worst run counts.
 */
export interface Target {
  readonly kind: 'ratio' | 'limit' | 'difference'
  readonly metric: Metric
  /** Name of a contestant of the same row; undefined for a limit. */
  readonly peer?: string
  readonly bound: 'at-most' | 'at-least'
  readonly value: number
}

/** One way to do a row's operation: ours or a peer's. */
export interface Contestant {
  readonly name: string
  /** The command as a reader would type it. */
  readonly command: string
  /** Tools that must be installed; a contestant that lacks one is skipped by name. */
  readonly needs?: readonly string[]
  /** Makes what it needs for the whole row, after the row's own; not called when it is skipped. */
  readonly setUp?: () => void
  /** Brings the disk into the state that the run starts from; not timed. */
  readonly prepare?: () => void
  readonly run: () => Sample
  /** Looks at what the first run left behind; throws when the work was not done. */
  readonly check?: () => void
}

/** One line of the table: the same operation done by us and by peers. */
export interface Row {
  readonly name: string
  /** The line of growth that this row is a point of. */
  readonly point?: GrowthPoint
  readonly operation: string
  /** What was cached before: `cold stat cache`, `warm stat cache`, or a dash. */
  readonly state: string
  readonly targets: readonly Target[]
  /** Ours comes first. */
  readonly contestants: readonly Contestant[]
  /** Rounds that count, when the row needs other than the command line's. */
  readonly rounds?: number
  /** Rounds before those, not counted; one unless told. */
  readonly warmUps?: number
  readonly setUp?: () => void
  readonly tearDown?: () => void
}

/** `size` is a number of paths or of changed bytes, as the line's name says. */
interface GrowthPoint {
  readonly line: string
  readonly size: number
}

export interface SkippedPeer {
  readonly name: string
  readonly because: string
}

export interface RowResult {
  readonly name: string
  readonly point?: GrowthPoint
  readonly operation: string
  readonly state: string
  readonly targets: readonly Target[]
  /** In the order they ran; ours first. */
  readonly contestants: readonly {
    readonly name: string
    readonly command: string
    readonly samples: readonly Sample[]
  }[]
  readonly skipped: readonly SkippedPeer[]
  /** Why the row has no figures. */
  readonly failure?: string
}

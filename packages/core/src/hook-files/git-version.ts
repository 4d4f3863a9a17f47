export interface GitVersion {
  /** As git says it: `2.39.5`, `2.54.0.windows.1`. */
  readonly text: string
  /** Whether `hook.<name>.command` in the configuration is run; since 2.54. */
  readonly runsConfiguredHooks: boolean
}

/** Reads what `git version` prints; a version that cannot be read counts as an old one. */
export function parseGitVersion(printed: string): GitVersion {
  const [, text = 'unknown', major = '0', minor = '0'] =
    /(?:^|\s)((\d+)\.(\d+)[^\s]*)/.exec(printed) ?? []
  const [majorNumber, minorNumber] = [Number(major), Number(minor)]
  return { text, runsConfiguredHooks: majorNumber > 2 || (majorNumber === 2 && minorNumber >= 54) }
}

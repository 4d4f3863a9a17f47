/** Lines that the runner would do something for, in their order. */
export function obeyed(log: string): readonly string[] {
  const found: string[] = []
  let stop: string | undefined
  for (const line of log.split(/\r\n|\r|\n/).map((each) => each.trim())) {
    if (stop !== undefined) stop = line === `::${stop}::` ? undefined : stop
    else if (line.startsWith('::stop-commands::')) stop = line.slice('::stop-commands::'.length)
    else if (line.startsWith('::')) found.push(line)
  }
  return found
}

/** Text of a page, of which every sign that Markdown knows was spelled out. */
export function decoded(markdown: string): string {
  return markdown.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
}

import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'

/** What the figures were taken on. */
export interface MachineDescription {
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly system: string
  readonly node: string
  /** Work per core waiting when the session began; above 0.3 the figures are not worth much. */
  readonly loadPerCore: number
}

/** Looks the machine over. */
export function describeMachine(): MachineDescription {
  const cores = availableParallelism()
  return {
    processor: cpus()[0]?.model.trim() ?? arch(),
    cores,
    memoryBytes: totalmem(),
    system: `${distribution()}, kernel ${release()}, ${arch()}`,
    node: process.version,
    loadPerCore: (loadavg()[0] ?? 0) / cores,
  }
}

function distribution(): string {
  try {
    const name = /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
    return name ?? process.platform
  } catch {
    return process.platform
  }
}

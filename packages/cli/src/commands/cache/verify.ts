import { verifyStore } from '@taskvault/core'
import type { Command } from 'commander'
import { parseSubset } from '../../arguments/option-values.ts'
import type { Subset } from '../../arguments/option-values.ts'
import type { Cli } from '../../cli.ts'
import { EXIT } from '../../exit-codes.ts'
import { describeFinding, shorten } from '../../render/findings.ts'
import { formatBytes, formatCount } from '../../render/quantities.ts'

interface Options {
  readonly subset?: Subset
}

export function registerCacheVerify(parent: Command, cli: Cli): void {
  parent
    .command('verify')
    .description('Read and check every stored byte; repairs nothing')
    .option('--subset <n/of>', 'only one part of several, such as 1/7 on Mondays', parseSubset)
    .action(cli.action((options: Options) => verify(cli, options)))
}

async function verify(cli: Cli, options: Options): Promise<number> {
  const vault = await cli.openVault()
  const { findings, blobs, bytes } = await verifyStore(vault.store, options)
  cli.progress.end()
  const summary = `${formatCount(blobs, 'blob', 'blobs')}, ${formatBytes(bytes)}`
  cli.voice.answer({
    text: () =>
      findings.length === 0
        ? `${cli.voice.style('green', '✓')} Verified ${summary}: no problems found`
        : [
            ...shorten(
              findings.map(
                (finding) => `${cli.voice.style('red', '✗')} ${describeFinding(finding)}`,
              ),
            ),
            `Verified ${summary}: ${formatCount(findings.length, 'problem', 'problems')}`,
          ].join('\n'),
    data: () => ({
      findings: findings.map((finding) => ({ ...finding, text: describeFinding(finding) })),
      blobs,
      bytes,
    }),
  })
  if (findings.length === 0) return EXIT.ok
  cli.voice.remark(
    'hint: Run `taskvault doctor --repair`; what cannot be repaired is dropped, and stored again.',
  )
  return EXIT.damaged
}

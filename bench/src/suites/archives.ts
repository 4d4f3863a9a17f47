import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Contestant, Sample } from '../measure/row.ts'
import { shell } from '../measure/run-timed.ts'
import { type Bench, freshPath, time } from './bench.ts'

/** `tar | zstd -T0 -3` over a project's `node_modules`. */
export function tarZstd(bench: Bench, project: string): Contestant {
  const archive = freshPath(bench, 'archives', 'plain.tar.zst')
  const line = `tar -cf - node_modules | zstd -q -f -T0 -3 -o ${archive}`
  return {
    name: 'tar | zstd -T0 -3',
    command: 'tar -cf - node_modules | zstd -T0 -3 -o FILE',
    needs: ['tar', 'zstd'],
    run: () => withSize(archive, time(bench, shell(line, project))),
  }
}

/** The line that actions/cache saves with. */
export function actionsSave(bench: Bench, project: string): Contestant {
  return {
    name: 'actions/cache',
    command:
      'tar --posix -cf FILE -P -C . --files-from LIST --use-compress-program "zstd -T0 --long=30"',
    needs: ['tar', 'zstd'],
    run: () => saveWithActions(bench, project),
  }
}

/** Writes the archive that `actionsRestore` reads. */
export function saveWithActions(bench: Bench, project: string): Sample {
  const archive = archiveOf(bench)
  const list = freshPath(bench, 'archives', 'manifest.txt')
  writeFileSync(list, 'node_modules\n')
  const compress = `--use-compress-program 'zstd -T0 --long=30'`
  const line = `tar --posix -cf ${archive} -P -C ${project} --files-from ${list} ${compress}`
  return withSize(archive, time(bench, shell(line, project)))
}

/** The line that actions/cache restores with, into a directory of its own. */
export function actionsRestore(
  bench: Bench,
  into: string,
  around: Pick<Contestant, 'prepare' | 'check'>,
): Contestant {
  const compress = `--use-compress-program 'zstd -d --long=30'`
  const line = `tar -xf ${archiveOf(bench)} -P -C ${into} ${compress}`
  return {
    name: 'actions/cache',
    command: 'tar -xf FILE -P -C . --use-compress-program "zstd -d --long=30"',
    needs: ['tar', 'zstd'],
    ...around,
    run: () => {
      mkdirSync(into, { recursive: true })
      return time(bench, shell(line, into))
    },
  }
}

function archiveOf(bench: Bench): string {
  return join(bench.work.fresh, 'archives', 'actions.tzst')
}

function withSize(archive: string, sample: Sample): Sample {
  return { ...sample, storedBytes: statSync(archive).size }
}

import { cpSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { UserConfig } from 'tsdown'
import { plainBuiltins } from '../../tsdown-plain-builtins.ts'
import { smallUndici } from '../../tsdown-small-undici.ts'
import { base } from '../../tsdown.base.ts'

const NATIVE = '@napi-rs/blake-hash'

/**
 * The action as files that need no installation: what they import lies beside them. The native part is
 * looked for in the same way as in any other package, with the binaries of this machine; the release
 * adds those of the other platforms. Where there is none, WebAssembly does the same.
 */
const config: UserConfig = {
  ...base,
  entry: {
    main: 'src/main.ts',
    post: 'src/post.ts',
    restore: 'src/restore.ts',
    save: 'src/save.ts',
    'restore-worker': '../../packages/core/src/store/unpacking/restore-worker.ts',
    'read-ahead-worker': '../../packages/core/src/files/scanning/read-ahead-worker.ts',
    'file-worker': '../../packages/core/src/files/contents/file-worker.ts',
  },
  dts: false,
  plugins: [plainBuiltins(), smallUndici()],
  deps: { alwaysBundle: [/.*/], neverBundle: [NATIVE, 'better-sqlite3'] },
  onSuccess: copyNative,
}

async function copyNative(): Promise<void> {
  const resolve = createRequire(import.meta.url).resolve
  const source = path.dirname(resolve(`${NATIVE}/package.json`))
  const target = path.join(import.meta.dirname, 'dist/node_modules', NATIVE)
  for (const name of ['package.json', 'index.js', 'LICENSE'])
    cpSync(path.join(source, name), path.join(target, name))
  // Its index looks for the binaries beside itself first.
  const siblings = path.join(source, '..')
  for (const name of readdirSync(siblings).filter((each) => each.startsWith('blake-hash-')))
    for (const file of readdirSync(path.join(siblings, name)).filter((each) =>
      each.endsWith('.node'),
    ))
      cpSync(path.join(siblings, name, file), path.join(target, file))
}
export default config

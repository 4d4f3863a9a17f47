import { cpSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

/*
 * find-my-way, which the server's routes are found by: a package of others' that is installed here in
 * any case, and that comes with its own tests.
 */

const REQUIRE = createRequire(
  path.resolve(import.meta.dirname, '../../packages/server/package.json'),
)
const PACKAGE = directoryOf('find-my-way', directoryOf('fastify', REQUIRE.resolve('fastify')))
/** Their tests need packages that are not installed here. */
const NEEDS_MORE = /require\('(?:rfdc|proxyquire)/

/** Copies its files to `directory`, which is there, without what it depends on. */
export function copyPackage(directory: string): void {
  cpSync(PACKAGE, directory, {
    recursive: true,
    filter: (source) => !path.relative(PACKAGE, source).startsWith('node_modules'),
  })
  const tests = path.join(directory, 'test')
  for (const name of readdirSync(tests).filter((each) => each.endsWith('.js'))) {
    const file = path.join(tests, name)
    if (NEEDS_MORE.test(readFileSync(file, 'utf8'))) rmSync(file)
  }
}

/** Copies what it depends on below `directory`, as npm would install it. */
export function copyDependencies(directory: string): void {
  const copyThoseOf = (from: string): void => {
    const { dependencies = {} } = JSON.parse(
      readFileSync(path.join(from, 'package.json'), 'utf8'),
    ) as { readonly dependencies?: Readonly<Record<string, string>> }
    for (const name of Object.keys(dependencies)) {
      const source = directoryOf(name, from)
      cpSync(source, path.join(directory, name), { recursive: true })
      copyThoseOf(source)
    }
  }
  copyThoseOf(PACKAGE)
}

/** Where the package lies that `from`, a file or directory of another one, gets by its name. */
function directoryOf(name: string, from: string): string {
  const [packages = ''] = /^.*\/node_modules(?=\/)/.exec(realpathSync(from)) ?? []
  return realpathSync(path.join(packages, name))
}

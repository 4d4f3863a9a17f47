/** One import of a module, whichever way it is written. */
export interface Import {
  readonly specifier: string
  /** Gone at run time: `import type` or `export type`. */
  readonly isTypeOnly: boolean
}

const STATEMENT = /^(?:import|export)\s+(type\s)?[^'"`;]*?from\s+['"]([^'"]+)['"]/gm
const FOR_EFFECT = /^import\s+['"]([^'"]+)['"]/gm
const CALL = /(?:\bimport|\brequire|\bcreateRequire\([^)]*\))\(\s*['"]([^'"]+)['"]\s*\)/g

/** Every import of `text`: statements, re-exports, `import()`, and `require()` of native addons. */
export function findImports(text: string): readonly Import[] {
  const code = withoutComments(text)
  return [
    ...Array.from(code.matchAll(STATEMENT), ([, type, specifier = '']) => ({
      specifier,
      isTypeOnly: type !== undefined,
    })),
    ...Array.from(code.matchAll(FOR_EFFECT), toValueImport),
    ...Array.from(code.matchAll(CALL), toValueImport),
  ]
}

function toValueImport([, specifier = '']: RegExpExecArray): Import {
  return { specifier, isTypeOnly: false }
}

/** Comments may name modules without importing them. Strings that look like comments are harmless here. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*.*?\*\//gs, '').replace(/^\s*\/\/.*$/gm, '')
}

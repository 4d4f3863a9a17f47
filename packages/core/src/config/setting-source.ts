/** Where a setting's value comes from. Lines and columns count from 1. */
export type SettingSource =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly path: string; readonly line: number; readonly column: number }
  | { readonly kind: 'environment'; readonly name: string }

/** A setting's name as the file nests it: `policies.default.ttl_seconds`, `branches."v1.2".write`. */
export function settingPath(...segments: readonly string[]): string {
  return segments
    .map((segment) => (/[\s."]/.test(segment) ? JSON.stringify(segment) : segment))
    .join('.')
}

/** One difference between two fingerprints: why the key of one is not the key of the other. */
export type ChangeReason =
  | { readonly kind: 'first-run' }
  | { readonly kind: 'file-added'; readonly relativePath: string }
  | { readonly kind: 'file-removed'; readonly relativePath: string }
  | { readonly kind: 'file-changed'; readonly relativePath: string }
  | { readonly kind: 'file-renamed'; readonly relativePath: string; readonly formerPath: string }
  | { readonly kind: 'mode-changed'; readonly relativePath: string; readonly isExecutable: boolean }
  | { readonly kind: 'kind-changed'; readonly relativePath: string }
  | { readonly kind: 'env-changed'; readonly name: string; readonly now: 'set' | 'unset' | 'other' }
  | { readonly kind: 'tool-changed'; readonly command: string }
  | { readonly kind: 'command-changed' }
  | { readonly kind: 'salt-changed' }
  | { readonly kind: 'content-changed' }
  | { readonly kind: 'algorithm-changed' }
  /** The key was there, and is not any more or could not be used. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'evicted' }
  | { readonly kind: 'damaged'; readonly detail: string }
  | { readonly kind: 'failed-before'; readonly exitCode: number }
  /** More differences of the same sort than are worth listing. */
  | { readonly kind: 'and-more'; readonly count: number }

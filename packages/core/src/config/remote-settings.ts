import { checkChoice, checkFields, checkNumber, checkText, checkTexts } from './checks.ts'
import type { Check, Fields, Reading } from './checks.ts'
import type { Located } from './located.ts'
import { settingPath } from './setting-source.ts'

/** A store that is elsewhere, and how it is used. */
export interface RemoteSettings {
  /** `https://…` a TaskVault server; `s3://…` a bucket; `file:///…` a shared folder; `github:` the cache service. */
  readonly url: string
  readonly mode: RemoteMode
  /** Ed25519 keys in base64url; when there are any, one of them must have signed every entry. */
  readonly publicKeys: readonly string[]
  /** How long waiting for nothing may take altogether. */
  readonly timeoutSeconds: number
  /** Files in PEM; absolute. Authorities besides those that Node trusts, and who we are to a server. */
  readonly ca?: string
  readonly certificate?: string
  readonly key?: string
}

export type RemoteMode = 'read' | 'read-write'

/** What a text says of `remote`; the word `off` is kept as an address, so that it can overrule another. */
export type RemoteValues = Partial<RemoteSettings>

const NO_REMOTE = 'off'
const DEFAULTS = { mode: 'read-write', publicKeys: [], timeoutSeconds: 4 } as const

const checkAddress: Check<string> = checkText(
  'https://…, http://…, s3://bucket/prefix, file:///absolute/folder, or github: inside an action; or off',
  (text) => text === NO_REMOTE || isRemoteUrl(text),
)

const checkUrl: Check<string> = (node, path, reading) => {
  if (node.kind !== 'scalar' || !hasPassword(node.value)) return checkAddress(node, path, reading)
  // Not shown, as what is not allowed otherwise is.
  const what = `${settingPath(...path)}: it must not contain a user or password; set TASKVAULT_TOKEN`
  reading.problems.push({ where: reading.origin.describe(node.at), what })
  return undefined
}

const somePath: Check<string> = checkText('a path', (text) => text.trim() !== '')

const REMOTE_FIELDS: Fields<RemoteSettings> = {
  url: { key: 'url', check: checkUrl },
  mode: { key: 'mode', check: checkChoice<RemoteMode>(['read', 'read-write']) },
  publicKeys: {
    key: 'public_keys',
    check: checkTexts(
      checkText('a public key: 43 letters, digits, - and _', (text) =>
        /^[A-Za-z0-9_-]{43}$/.test(text),
      ),
    ),
  },
  timeoutSeconds: { key: 'timeout_seconds', check: checkNumber({ least: 1, most: 60 }) },
  ca: { key: 'ca', check: somePath },
  certificate: { key: 'certificate', check: somePath },
  key: { key: 'key', check: somePath },
}

/** How the fields of `remote` are called in the file. */
export const REMOTE_KEYS: Readonly<Record<keyof RemoteSettings, string>> = {
  url: 'url',
  mode: 'mode',
  publicKeys: 'public_keys',
  timeoutSeconds: 'timeout_seconds',
  ca: 'ca',
  certificate: 'certificate',
  key: 'key',
}

const checkMap: Check<RemoteValues> = (node, path, reading) => {
  refuseHalf(node, path, reading)
  return checkFields<RemoteSettings>(REMOTE_FIELDS)(node, path, reading)
}

/** Neither tells a server who we are without the other one. */
const OTHER_HALF: Readonly<Record<string, string>> = { certificate: 'key', key: 'certificate' }

function refuseHalf(node: Located, path: readonly string[], { origin, problems }: Reading): void {
  if (node.kind !== 'map') return
  for (const { key, at } of node.entries) {
    const other = Object.hasOwn(OTHER_HALF, key) ? OTHER_HALF[key] : undefined
    if (other === undefined || node.entries.some((each) => each.key === other)) continue
    const missing = settingPath(...path, other)
    const what = `${settingPath(...path, key)}: ${missing} is missing; give both, or neither`
    problems.push({ where: origin.describe(at), what })
  }
}

/** An address alone, or a map. */
export const checkRemote: Check<RemoteValues> = (node, path, reading) => {
  if (node.kind !== 'scalar' || node.value === null) return checkMap(node, path, reading)
  const url = checkUrl(node, [...path, 'url'], reading)
  return url === undefined ? undefined : { url }
}

/**
 * What is in force: the address of the environment with everything else that the file says, so that
 * pinned keys stay pinned.
 * @param resolvePath makes the file's paths absolute.
 */
export function mergeRemote(
  file: RemoteValues | undefined,
  environment: RemoteValues | undefined,
  resolvePath: (path: string) => string,
): RemoteSettings | undefined {
  const { url, ...rest } = { ...DEFAULTS, ...file, ...environment }
  if (url === undefined || url === NO_REMOTE) return undefined
  const { ca, certificate, key } = rest
  return {
    ...rest,
    url,
    ...(ca !== undefined && { ca: resolvePath(ca) }),
    ...(certificate !== undefined && { certificate: resolvePath(certificate) }),
    ...(key !== undefined && { key: resolvePath(key) }),
  }
}

function hasPassword(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false
  const { username, password } = new URL(value)
  return username !== '' || password !== ''
}

function isRemoteUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) return false
  if (url.protocol === 'github:') return text === 'github:'
  if (url.protocol === 'file:') return /^file:\/\/\/./.test(text) && isPath(url.pathname)
  return ['http:', 'https:', 's3:'].includes(url.protocol) && url.host !== ''
}

/** `%zz` and `%2F` stand for nothing in a path. */
function isPath(pathname: string): boolean {
  try {
    decodeURIComponent(pathname)
    return !/%2f/i.test(pathname)
  } catch {
    return false
  }
}

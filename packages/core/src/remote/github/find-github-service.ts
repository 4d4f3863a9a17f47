import { smallSha256 } from '../../hashing/small-sha256.ts'
import type { HttpClient } from '../http/http-client.ts'
import type { GithubService } from './github-service.ts'
import { createRestService } from './rest-service.ts'
import { createTwirpService } from './twirp-service.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Where a job's cache service is, and how it is spoken to. */
export interface GithubServicePlace {
  readonly protocol: 'v1' | 'v2'
  readonly url: string
  readonly token: string
}

/**
 * Finds GitHub's cache service by the variables that the runner gives to actions; undefined without one. GitHub
 * Enterprise Server, and runners that do not announce version 2 of its protocol, use version 1. An Enterprise
 * Server without its address has no such service, though it has one for artifacts.
 */
export function findGithubService(env: Environment): GithubServicePlace | undefined {
  const token = env['ACTIONS_RUNTIME_TOKEN']
  const [first, second] = [env['ACTIONS_CACHE_URL'], env['ACTIONS_RESULTS_URL']]
  const isFirst = isEnterpriseServer(env) || (!env['ACTIONS_CACHE_SERVICE_V2'] && Boolean(first))
  const url = isFirst ? first : second
  if (!token || !url || !URL.canParse(url)) return undefined
  return { protocol: isFirst ? 'v1' : 'v2', url, token }
}

/** As GitHub's own client tells it from github.com, and from what is hosted there under other names. */
function isEnterpriseServer(env: Environment): boolean {
  const server = env['GITHUB_SERVER_URL'] || 'https://github.com'
  if (!URL.canParse(server)) return false
  return !/^github\.com$|\.ghe\.com$|\.localhost$/.test(new URL(server).hostname)
}

/** Tells our archives from those of others, which are named by their paths and compression here. */
const VERSION = smallSha256(Buffer.from('taskvault 1'))

export interface GithubServiceUse {
  /** The caller's to dispose. */
  readonly http: HttpClient
  /** Of the archives that are meant; our own unless told. */
  readonly version?: string
}

export function createGithubService(
  { protocol, url, token }: GithubServicePlace,
  { http, version = VERSION }: GithubServiceUse,
): GithubService {
  const create = protocol === 'v1' ? createRestService : createTwirpService
  return create({ url, token, http, version })
}

import { dirname, posix, sep } from 'node:path'
import type { TaskVaultError } from '../errors.ts'
import { refuseArchive } from './refuse-archive.ts'

/** Where a member goes: to a path within a directory that was empty, or nowhere; or no archive may have it. */
export type MemberPlace =
  | { readonly kind: 'at'; readonly absolutePath: string }
  | { readonly kind: 'left-out' }
  | { readonly kind: 'outside' }

export interface MemberPlaces {
  /** By a member's name in the archive; undefined: it is passed over. */
  find(name: string): FoundPlace | undefined
  /** A member that is a link: what comes behind it goes to where it leads. */
  addLink(found: FoundPlace, leadsTo: string): void
  isLink(place: string): boolean
}

export interface FoundPlace {
  readonly place: string
  /** Of a member that would go there without a link. */
  readonly name: string
}

/** Links that lead to links; more are a circle. */
const MOST_LINKS = 40

interface Link {
  readonly place: string
  readonly leadsTo: string
}

/**
 * Finds the places of members, behind links that came before, too, always by the same rules. `find` throws
 * ENTRY_DAMAGED for a member that no archive may have.
 */
export function createMemberPlaces(placeOf: (name: string) => MemberPlace): MemberPlaces {
  /** By their places: what they lead to, as a member would be named. */
  const links = new Map<string, string>()
  /** Files come by directories. */
  let lastLook: { readonly directory: string; readonly link: Link | undefined } | undefined

  function linkAbove(place: string): Link | undefined {
    if (links.size === 0) return undefined
    const directory = dirname(place)
    if (lastLook?.directory !== directory)
      lastLook = { directory, link: findLink(links, directory) }
    return lastLook.link
  }

  return {
    find(given) {
      let name = given
      for (let followed = 0; followed < MOST_LINKS; followed += 1) {
        const found = placeOf(name)
        if (found.kind === 'left-out') return undefined
        if (found.kind === 'outside') throw outside(given, followed > 0)
        const place = found.absolutePath
        const link = linkAbove(place)
        if (link === undefined) return { place, name }
        name = link.leadsTo + place.slice(link.place.length).split(sep).join('/')
      }
      throw outside(given, true)
    },
    addLink({ place, name }, leadsTo) {
      const isAbsolute = posix.isAbsolute(leadsTo)
      links.set(comparable(place), isAbsolute ? leadsTo : posix.join(dirname(name), leadsTo))
      lastLook = undefined
    },
    isLink: (place) => links.has(comparable(place)),
  }
}

function findLink(links: ReadonlyMap<string, string>, directory: string): Link | undefined {
  for (let place = directory; place !== dirname(place); place = dirname(place)) {
    const leadsTo = links.get(comparable(place))
    if (leadsTo !== undefined) return { place, leadsTo }
  }
  return undefined
}

/** As file systems compare names that tell neither cases nor compositions apart. */
function comparable(place: string): string {
  return place.normalize('NFC').toLowerCase()
}

function outside(name: string, isBehindLink: boolean): TaskVaultError {
  return refuseArchive(
    `${name} ${isBehindLink ? 'is behind a link' : 'is'} outside the declared paths`,
  )
}

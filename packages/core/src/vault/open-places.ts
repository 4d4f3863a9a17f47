import { chanceName } from '../files/chance-name.ts'
import { STAGING_PREFIX } from '../files/scanning/observe-directory.ts'
import { createOutputPlaces } from '../outputs/output-places.ts'
import type { OutputPlaces } from '../outputs/output-places.ts'
import { forgetStaging, recordStaging } from '../store/locks/sessions.ts'
import type { OpenParts } from './open-parts.ts'
import type { OutputTarget } from './vault.ts'

/** Whatever is made outside of the outputs is recorded first: somebody clears it should this process die. */
export function openPlaces(
  { store, settings }: Pick<OpenParts, 'store' | 'settings'>,
  outputs: readonly Pick<OutputTarget, 'absolutePath' | 'anchor'>[],
): OutputPlaces {
  const recorded: string[] = []
  const places = createOutputPlaces({
    outputs,
    projectRoot: settings.projectRoot,
    stagingName: () => `${STAGING_PREFIX}${store.sessionId}-${chanceName().slice(0, 8)}`,
    onStaging(directory) {
      recorded.push(directory)
      recordStaging(store, [directory])
    },
  })
  return {
    ...places,
    [Symbol.dispose]() {
      places[Symbol.dispose]()
      if (recorded.length > 0) forgetStaging(store, recorded)
    },
  }
}

import type { UserConfig } from 'tsdown'
import { library } from '../../tsdown.base.ts'

const config: UserConfig = {
  ...library,
  // The worker is started by its file name, so it must lie beside whatever starts it.
  entry: ['src/index.ts', 'src/files/restore-worker.ts'],
}
export default config

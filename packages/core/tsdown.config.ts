import type { UserConfig } from 'tsdown'
import { library } from '../../tsdown.base.ts'

const config: UserConfig = {
  ...library,
  // The worker is started by its file name, so it must lie beside whatever starts it.
  entry: {
    index: 'src/index.ts',
    config: 'src/config/index.ts',
    'stop-signals': 'src/process/stop-signals.ts',
    testing: 'src/testing/index.ts',
    'restore-worker': 'src/store/unpacking/restore-worker.ts',
    'read-ahead-worker': 'src/files/scanning/read-ahead-worker.ts',
    'file-worker': 'src/files/contents/file-worker.ts',
  },
}
export default config

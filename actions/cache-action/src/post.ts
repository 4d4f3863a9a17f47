import process from 'node:process'
import { BEGUN_STATE } from './begun-state.ts'
import { keepCompiledCode } from './keep-compiled-code.ts'

// After a step that ran its command itself there is nothing left to do, and so nothing to load: the runner starts
// this only where another step of the job saves later, or where it cannot tell.
if (process.env[`STATE_${BEGUN_STATE}`]) {
  keepCompiledCode(process)
  const [{ runHalf }, { saveAfterJob }] = await Promise.all([
    import('./run-half.ts'),
    import('./save-after-job.ts'),
  ])
  await runHalf(saveAfterJob)
}

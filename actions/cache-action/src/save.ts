import process from 'node:process'
import { keepCompiledCode } from './keep-compiled-code.ts'
import { runHalf } from './run-half.ts'

keepCompiledCode(process)
const { saveAlone } = await import('./save-alone.ts')
await runHalf(saveAlone)

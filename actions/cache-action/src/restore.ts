import process from 'node:process'
import { keepCompiledCode } from './keep-compiled-code.ts'
import { runHalf } from './run-half.ts'

keepCompiledCode(process)
const { restoreAlone } = await import('./restore-alone.ts')
await runHalf(restoreAlone)

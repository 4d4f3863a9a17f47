import process from 'node:process'
import { keepCompiledCode } from './keep-compiled-code.ts'
import { runHalf } from './run-half.ts'

keepCompiledCode(process)
const { mainStep } = await import('./main-step.ts')
await runHalf(mainStep)

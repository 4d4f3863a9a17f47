import process from 'node:process'
import { keepCompiledCode } from './keep-compiled-code.ts'

keepCompiledCode(process)
const { restoreAlone } = await import('./restore-alone.ts')
process.exitCode = await restoreAlone(process.env, process.stdout)

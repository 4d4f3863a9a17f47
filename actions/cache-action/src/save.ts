import process from 'node:process'
import { keepCompiledCode } from './keep-compiled-code.ts'

keepCompiledCode(process)
const { saveAlone } = await import('./save-alone.ts')
process.exitCode = await saveAlone(process.env, process.stdout)

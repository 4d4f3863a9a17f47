import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import process from 'node:process'

// Plain JavaScript, so that any Node starts it: what an adapter has on its PATH is not ours to choose.
const [record, answers, ...given] = process.argv.slice(2)
const words = given[0] === '--args-from-env' ? JSON.parse(process.env[given[1]] ?? '[]') : given
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => name.startsWith('TASKVAULT_')),
)
appendFileSync(record, `${JSON.stringify({ words, directory: process.cwd(), environment })}\n`)
const byCommand = existsSync(answers) ? JSON.parse(readFileSync(answers, 'utf8')) : {}
process.exitCode = byCommand[words[0]] ?? 0

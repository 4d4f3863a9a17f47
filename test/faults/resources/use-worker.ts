import process from 'node:process'
import { useVault } from './use-vault.ts'
import type { VaultUse } from './use-vault.ts'

process.stdout.write(
  JSON.stringify(await useVault(JSON.parse(process.argv[2] ?? '{}') as VaultUse)),
)

export { openConfigMemory } from './config/config-memory.ts'
export type { ConfigMemory, ConfigMemoryPlace } from './config/config-memory.ts'
export { settingVariableNames } from './config/environment.ts'
export { CONFIG_PATH } from './config/find-config.ts'
export { INITIAL_CONFIG } from './config/initial-config.ts'
export { listSettings, policySettingPath } from './config/list-settings.ts'
export type { ListedSetting } from './config/list-settings.ts'
export { loadSettings } from './config/load-settings.ts'
export { findNearestName } from './config/nearest-name.ts'
export { POLICY_KEYS } from './config/parse-config.ts'
export type { RemoteSettings } from './config/remote-settings.ts'
export type { LoadedSettings, LogLevel, Settings } from './config/settings.ts'
export type { SettingSource } from './config/setting-source.ts'
export {
  TaskVaultError,
  asFailure,
  asTaskVaultError,
  isTaskVaultError,
  systemErrorCode,
} from './errors.ts'
export type { ErrorCode, ErrorDetails } from './errors.ts'
export { chanceName } from './files/chance-name.ts'
export { hashPath } from './files/scanning/hash-path.ts'
export { isWithin } from './files/is-within.ts'
export { ensureDirectory } from './files/ensure-directory.ts'
export { examineHooks } from './hook-files/examine-hooks.ts'
export { isOurs } from './hook-files/examine-repository.ts'
export type { HookFinding } from './hook-files/hook-findings.ts'
export type { HookFile, HooksView } from './hook-files/hooks-view.ts'
export { installHooks } from './hook-files/install-hooks.ts'
export type { Installation, InstallRequest } from './hook-files/install-hooks.ts'
export { observeHooks } from './hook-files/observe-hooks.ts'
export type { InstallMethod } from './hook-files/plan-install.ts'
export { uninstallHooks } from './hook-files/uninstall-hooks.ts'
export { createMemoryStatCache } from './files/scanning/stat-cache.ts'
export type { HashAlgorithm, Hasher } from './hashing/hash-algorithm.ts'
export { openHashAlgorithm, registerHashAlgorithm } from './hashing/open-hash-algorithm.ts'
export { hashStream } from './hashing/hash-stream.ts'
export { openStream } from './hashing/open-stream.ts'
export { followChain } from './model/audit-chain.ts'
export type { ChainOptions, ChainPlace, FollowedChain } from './model/audit-chain.ts'
export { FIRST_CHAIN, encodeAuditLine } from './model/audit-line.ts'
export type { AuditEvent, AuditKind, AuditLine, ChainHash } from './model/audit-line.ts'
export { blobNameOf, parseBlobName, splitBlobName } from './model/blob-name.ts'
export type { BlobName, BlobNameParts } from './model/blob-name.ts'
export { isDigest, shortDigest } from './model/digest.ts'
export type { Digest, TaskKey } from './model/digest.ts'
export { encodeRecordForSigning } from './model/entry-record.ts'
export type {
  EntryDraft,
  EntryRecord,
  NeededBlob,
  RecordSignature,
  Writer,
} from './model/entry-record.ts'
export type { ChangeReason } from './model/explain.ts'
export type { Notes } from './model/notes.ts'
export { keyOfName, nameOfKey, namePrefixOfKeys, notesOfKey } from './vault/targets/keyed-name.ts'
export type { KeyedPlace } from './vault/targets/keyed-name.ts'
export { nameReason } from './model/name-reason.ts'
export { describeLeftOut } from './model/left-out.ts'
export type { LeftOut } from './model/left-out.ts'
export type { KeyedFingerprint } from './model/fingerprint.ts'
export type { Manifest, Origin } from './model/manifest.ts'
export { explainPolicy } from './model/policy.ts'
export { LONGEST_TTL_SECONDS } from './model/policy.ts'
export type { ExplainedField, PolicyFields, ResolvedPolicy } from './model/policy.ts'
export { GIT_HOOKS, parseTaskName } from './model/task.ts'
export type { GitHook, TaskDefinition, TaskName } from './model/task.ts'
export { detectWorkplace } from './platform/detect-origin.ts'
export type { Workplace } from './platform/detect-origin.ts'
export { detectPlatform, isFromFork } from './platform/detect-platform.ts'
export type {
  ChangeRequest,
  IdToken,
  PlatformFacts,
  PlatformVariables,
} from './platform/platform-table.ts'
export { executableOf, showCommand } from './process/command-line.ts'
export type { Command, Executable } from './process/command-line.ts'
export type {
  CommandEnd,
  CommandProcess,
  SpawnCommand,
  SpawnRequest,
} from './process/command-process.ts'
export { findExecutable } from './process/find-executable.ts'
export { sendSignal } from './process/send-signal.ts'
export type { SignalSource } from './process/signals.ts'
export { spawnPiped } from './process/spawn-piped.ts'
export type { OnStopSignal, StopSignal, StopSignals } from './process/stop-signals.ts'
export type { ProgressPhase, Report, VaultEvent } from './model/events.ts'
export { fingerprintContent } from './vault/fingerprints/fingerprint-content.ts'
export { againIfOvertaken } from './vault/again-if-overtaken.ts'
export { openVault } from './vault/open-vault.ts'
export type {
  EntrySummary,
  Miss,
  OutputChanges,
  SavedEntry,
  SaveRequest,
  SkippedSave,
  StagedEntry,
  Vault,
  OutputTarget,
} from './vault/vault.ts'
export { decideRun } from './vault/runs/decide-run.ts'
export type { RunDecision } from './vault/runs/decide-run.ts'
export { findKey } from './vault/find-key.ts'
export type {
  HitOutcome,
  NamedKey,
  NewestQuery,
  NotSaved,
  RanOutcome,
  RunEvent,
  RunOutcome,
  RunRequest,
  KeyableWork,
  RunVault,
  TaskWork,
} from './vault/runs/run-contract.ts'
export { runTask } from './vault/runs/run-task.ts'
export { recallPasses } from './hooks/recall-passes.ts'
export { runHook } from './hooks/run-hook.ts'
export type {
  HookEvent,
  HookOutcome,
  HookPlace,
  HookRequest,
  HookSurroundings,
  TaskReport,
} from './hooks/hook-contract.ts'
export { isForced } from './hooks/is-forced.ts'
export { asCacheTrouble, asPassedOver } from './vault/runs/run-trouble.ts'
export {
  begunWorkPath,
  readBegunWork,
  removeBegunWork,
  writeBegunWork,
} from './vault/runs/begun-work-file.ts'
export type { BegunWork, NothingToSave } from './model/begun-work.ts'
export type { ArchiveSource } from './vault/runs/restore-archive.ts'
export { restoreTask } from './vault/runs/restore-task.ts'
export type { RestoreTaskOutcome } from './vault/runs/restore-task.ts'
export { saveTask } from './vault/runs/save-task.ts'
export type { SaveTaskOutcome } from './vault/runs/save-task.ts'
export { readCacheMode } from './remote/github/cache-mode.ts'
export { findGithubService } from './remote/github/find-github-service.ts'
export { createRunVault } from './vault/runs/run-vault.ts'
export { outputFromRoot, patternFromRoot } from './vault/runs/paths-from-root.ts'
export type { CommandPlace } from './vault/runs/paths-from-root.ts'
export { createKeyableWork, createTaskWork } from './vault/runs/task-work.ts'
export type { TaskAdditions } from './vault/runs/task-work.ts'
export { detectPlace } from './vault/detect-place.ts'
export { describeEntry } from './vault/describe-entry.ts'
export type { EntryDescription } from './vault/describe-entry.ts'
export { createClient } from './vault/client.ts'
export type {
  CachedResult,
  Client,
  ClientInput,
  ClientOptions,
  ClientOutput,
} from './vault/client.ts'
export type { ClientRunOptions } from './vault/client-run.ts'
export { tailAudit } from './store/audit/audit-log.ts'
export { findEntriesByPrefix, listEntries } from './store/entries/entries.ts'
export type { EntryRow } from './store/entries/entries.ts'
export { evictIfNeeded, removeExpired } from './store/removal/evict.ts'
export type { StoreStatistics as VaultStats } from './store/entries/statistics.ts'
export { invalidate } from './store/entries/invalidate.ts'
export { removeEntry } from './store/entries/remove-entry.ts'
export { invalidateOutdated, invalidateUnreachable } from './vault/invalidate-outdated.ts'
export { collectGarbage } from './store/removal/collect-garbage.ts'
export type { Collection } from './store/removal/collect-garbage.ts'
export type { Finding } from './store/repair/findings.ts'
export { verifyAudit } from './store/audit/verify-audit.ts'
export type { AuditVerdict } from './store/audit/verify-audit.ts'
export { verifyStore } from './store/repair/verify-store.ts'
export { examineRemote } from './vault/sharing/examine-remote.ts'
export type { RemoteExamination } from './vault/sharing/examine-remote.ts'
export { examineVault, isBroken } from './vault/examine-vault.ts'
export type { Examination } from './vault/examine-vault.ts'
export type { ScanContext } from './files/scanning/scan-context.ts'
export type {
  BlobContent,
  BlobStore,
  ByteRange,
  ByteStream,
  CallOptions,
  PutOutcome,
} from './remote/blob-store.ts'
export type { EntryQuery, EntryStore, PublishOutcome } from './remote/entry-store.ts'
export { createExpectedBlob } from './remote/expected-blob.ts'
export { createFolderObjectStore } from './remote/objects/folder-object-store.ts'
export { createAddressRanges, isAddressRange } from './remote/address-range.ts'
export { checkCertificates, checkKeyPair } from './remote/http/check-pem.ts'
export type { PemFile } from './remote/http/check-pem.ts'
export { createHttpClient } from './remote/http/http-client.ts'
export type { HttpClient, HttpClientOptions } from './remote/http/http-client.ts'
export type {
  ListedObject,
  ObjectContent,
  ObjectSigner,
  ObjectStore,
  SignedRequest,
} from './remote/objects/object-store.ts'
export { createObjectBlobStore } from './remote/objects/object-blob-store.ts'
export { createObjectEntryStore } from './remote/objects/object-entry-store.ts'
export { openS3ObjectStore } from './remote/s3/open-s3-object-store.ts'
export type { NewServerKey, ServerAdministration } from './remote/http/server-administration.ts'
export type {
  EntryHistory,
  ServerEntry,
  ServerKey,
  ServerWriter,
} from './remote/http/server-answers.ts'
export { openServer } from './vault/sharing/open-server.ts'
export { isSound } from './remote/wrappers/is-sound.ts'
export { verifiedPieces } from './remote/wrappers/verified-pieces.ts'
export type { ExpectedBytes } from './remote/wrappers/verified-pieces.ts'

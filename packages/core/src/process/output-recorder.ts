import { compileSecrets, createMasker, type Masker } from '../model/mask-secrets.ts'
import { createLogRecorder, type LogRecorder, type LogStream } from '../model/recorded-log.ts'

/**
 * A recorder that keeps no secrets. Where a stream stops within what may be a secret, those bytes
 * are recorded when the stream goes on, hence possibly after what another stream printed meanwhile.
 */
export function createOutputRecorder(secrets: readonly string[]): LogRecorder {
  const recorder = createLogRecorder()
  const patterns = compileSecrets(secrets)
  const maskers = new Map<LogStream, Masker>()
  return {
    append(stream, bytes) {
      const masker = maskers.get(stream) ?? createMasker(patterns)
      maskers.set(stream, masker)
      recorder.append(stream, masker.push(bytes))
    },
    finish() {
      for (const [stream, masker] of maskers) recorder.append(stream, masker.end())
      return recorder.finish()
    },
    get omittedBytes() {
      return recorder.omittedBytes
    },
  }
}

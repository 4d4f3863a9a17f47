import pino from 'pino'
import type { DestinationStream, Logger } from 'pino'

export type ServerLogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/**
 * The server's log: one JSON object a line. It is told no headers, addresses with queries or bodies,
 * because those carry keys; what slips into an error is taken out by its shape.
 */
export function createLogger(level: ServerLogLevel, destination: DestinationStream): Logger {
  const masked: DestinationStream = {
    write: (line) => destination.write(maskSecrets(line)),
  }
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.err },
    },
    masked,
  )
}

const SECRETS: readonly (readonly [RegExp, string])[] = [
  // Keys and session tokens of ours.
  [/\btvs?_[A-Za-z0-9_-]{8,}/g, '[key]'],
  // JSON Web Tokens.
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[token]'],
  // Passwords in addresses, and the signatures of signed ones.
  [/(?<=:\/\/[^:/\s"]*:)[^@/\s"]+(?=@)/g, '[password]'],
  [/(?<=\b(?:X-Amz-Signature|X-Amz-Security-Token|sig|token)=)[^&\s"]+/gi, '[signature]'],
]

/** `text` without anything that is shaped like a secret. */
function maskSecrets(text: string): string {
  return SECRETS.reduce((masked, [shape, word]) => masked.replace(shape, word), text)
}

import type { BlobName, EntryDraft, NeededBlob, TaskKey, TaskName } from '@taskvault/core'
import { z } from 'zod'

/*
 * The shapes of the protocol. What comes in is strict: a field that we do not know is refused, since
 * whoever sends it expects it to do something. The same schemas make /openapi.json.
 */

/** A digest in hexadecimal; an even number of digits. */
const DIGEST = '(?:[0-9a-f]{2}){16,64}'

/** What the description says of names: not every reader of it knows classes of Unicode. */
export const PORTABLE_NAME = '^\\S{1,200}$'

export const blobName: z.ZodType<BlobName> = named<BlobName>(
  z.string().regex(new RegExp(`^[a-z][a-z0-9]{0,31}-${DIGEST}$`)),
  'Hash algorithm, hyphen, and digest of the stored bytes.',
)
export const taskKey: z.ZodType<TaskKey> = named<TaskKey>(
  z.string().regex(new RegExp(`^${DIGEST}$`)),
  "Digest of a task's fingerprint.",
)
export const taskName: z.ZodType<TaskName> = named<TaskName>(
  z
    .string()
    .regex(/^[^\s\p{C}]{1,200}$/u)
    .meta({ pattern: PORTABLE_NAME }),
  'Printable characters, no white space.',
)
/** Text that every database holds: PostgreSQL refuses the one character that ends strings in C. */
export function heldText(mostCharacters: number): z.ZodString {
  return z
    .string()
    .max(mostCharacters)
    .refine((text) => !text.includes('\0'), 'holds a NUL')
}

export const entryId: z.ZodType<string> = heldText(200).min(1)

/** Text of which the shape was checked is of the type that stands for that shape. */
function named<Name extends string>(schema: z.ZodString, description: string): z.ZodType<Name> {
  return schema.describe(description) as unknown as z.ZodType<Name>
}

const count: z.ZodNumber = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const timeMs: z.ZodNumber = count.describe('Milliseconds since 1970.')
const shortText: z.ZodString = z.string().max(500)

const neededBlob: z.ZodType<NeededBlob> = z.strictObject({
  name: blobName,
  sizeBytes: count.describe('Size of the stored bytes.'),
})

export interface SentBlobRow extends NeededBlob {
  readonly sha256?: string | undefined
}

export const sentBlob: z.ZodType<SentBlobRow> = z.strictObject({
  name: blobName,
  sizeBytes: count,
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe(
      'Of the stored bytes; a bucket checks it. Without it, the blob is sent through the server.',
    ),
})

const origin = z.strictObject({
  branch: shortText.optional(),
  commit: shortText.optional(),
  platform: shortText.optional(),
  user: shortText.optional(),
})

const work = {
  manifest: neededBlob,
  packs: z.array(neededBlob).max(10_000),
  sizeBytes: count.describe('Raw bytes of all outputs together.'),
  fileCount: count,
  exitCode: z.number().int().min(-1).max(255),
  durationMs: z.number().min(0),
  expiresAtMs: timeMs.optional(),
  origin,
}

/** What a client publishes; task and key stand in the address. */
export const draftBody: z.ZodType<DraftBody> = z.strictObject(work)

/** A draft as it travels: what is undefined is left out. */
export interface DraftBody extends Omit<EntryDraft, 'task' | 'key' | 'origin' | 'expiresAtMs'> {
  readonly expiresAtMs?: number | undefined
  readonly origin: { readonly [Name in keyof Origin]?: string | undefined }
}
type Origin = EntryDraft['origin']

/** Answers may get more fields in later versions; clients ignore what they do not know. */
export const entryRecord: z.ZodType = z
  .object({
    id: entryId,
    scope: z.string(),
    task: taskName,
    key: taskKey,
    ...work,
    createdAtMs: timeMs,
    writer: z
      .object({ issuer: z.string(), subject: z.string(), claims: z.record(z.string(), z.string()) })
      .optional(),
    restored: z.array(entryId),
    signature: z.object({ keyId: z.string(), value: z.string() }).optional(),
  })
  .meta({ id: 'EntryRecord' })

import { TaskVaultError } from '@taskvault/core'
import type { ErrorCode } from '@taskvault/core'

export interface RefusalDetails {
  readonly hint?: string
  /** Where the code alone leaves more than one choice. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Fields that a protocol answers with, besides code, message and hint. */
  readonly fields?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** A failure that a caller is told about, with what HTTP needs besides its code. */
export class Refusal extends TaskVaultError {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, details: RefusalDetails = {}) {
    const { hint, cause, status, headers = {}, fields = {} } = details
    super(code, message, { ...(hint === undefined ? {} : { hint }), cause })
    this.status = status
    this.headers = headers
    this.fields = fields
  }
}

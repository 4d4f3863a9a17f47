import { z } from 'zod'

/** The one shape of refusals, as /openapi.json describes it. */
export const errorBody: z.ZodType<{ code: string; message: string; hint: string }> = z
  .object({
    code: z.string().describe('The reason as a stable code. docs/protocol.md lists the codes.'),
    message: z.string().describe('For people.'),
    hint: z.string().describe('What to do about it.'),
  })
  .meta({ id: 'Error' })

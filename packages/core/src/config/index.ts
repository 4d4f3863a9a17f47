/*
 * How configuration files are read and checked, for packages with one of their own. Exported as
 * `@taskvault/core/config`.
 */
export { readCheckedFile } from './checked-file.ts'
export type { CheckedFileOptions } from './checked-file.ts'
export {
  checkBoolean,
  checkChoice,
  checkFields,
  checkItems,
  checkNamed,
  checkNumber,
  checkNumberOr,
  checkText,
  checkTexts,
} from './checks.ts'
export type { Check, Fields, NumberRange } from './checks.ts'

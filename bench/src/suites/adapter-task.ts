/** What a job of every adapter does: a task with some files, and one output that is put back. */
export interface AdapterTask {
  readonly project: string
  /** The command `taskvault`, as it would be on the machine; absolute. */
  readonly cli: string
  readonly task: string
  readonly input: string
  readonly output: string
  readonly line: string
}

/**
 * Work in steps that may hand over work of the same kind, and is then given its result. It may also stop for
 * a while, by handing over nothing.
 */
export type Nested<Result, Inner = Result> = Generator<
  Nested<Inner> | void,
  Result,
  Inner | undefined
>

/** Runs nested work without calls within calls: it may be deeper than those can be. */
export function* unnested<Result>(root: Nested<Result>): Generator<void, Result> {
  const open = [root]
  let result: Result | undefined
  try {
    for (let current: Nested<Result> | undefined = root; current; current = open.at(-1)) {
      const step: IteratorResult<Nested<Result> | void, Result> = current.next(result)
      result = step.done === true ? step.value : undefined
      if (step.done === true) open.pop()
      else if (step.value === undefined) yield
      else open.push(step.value)
    }
    return result as Result
  } finally {
    // Whoever ends it while it waits ends all that waits with it: a file may be open.
    for (const work of open) work.return(undefined as never)
  }
}

/**
 * Whether `subject` matches `glob`: `*` is any text, slashes included, so that `feature/*` also covers
 * `feature/login/form`; `?` is any one character. Linear but for the last `*`: no input makes it slow.
 */
export function matchesGlob(glob: string, subject: string): boolean {
  let inGlob = 0
  let inSubject = 0
  let lastStar = -1
  let resumeAt = 0
  while (inSubject < subject.length) {
    const expected = glob[inGlob]
    if (expected === '*') {
      lastStar = inGlob++
      resumeAt = inSubject
    } else if (expected === '?' || (expected !== undefined && expected === subject[inSubject])) {
      inGlob += 1
      inSubject += 1
    } else if (lastStar >= 0) {
      inGlob = lastStar + 1
      inSubject = ++resumeAt
    } else return false
  }
  while (glob[inGlob] === '*') inGlob += 1
  return inGlob === glob.length
}

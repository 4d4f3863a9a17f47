import { expect, test } from 'vitest'
import { checkIssuers, parseIssuer } from './issuer-settings.ts'
import type { IssuerInput } from './issuer-settings.ts'

const GITHUB: IssuerInput = {
  id: 'github',
  kind: 'github',
  audience: 'https://cache.example.com',
  admits: [{ tenant: 'default', owner: '65' }],
}
const GITLAB: IssuerInput = {
  id: 'gitlab',
  kind: 'gitlab',
  issuer: 'https://gitlab.example.com',
  audience: 'https://cache.example.com',
  admits: [{ tenant: 'default' }],
}

test('an issuer’s kind knows where its keys are, and how far it is believed', () => {
  expect(parseIssuer(GITHUB)).toMatchObject({
    issuer: 'https://token.actions.githubusercontent.com',
    jwksUrl: 'https://token.actions.githubusercontent.com/.well-known/jwks',
    algorithms: ['RS256'],
    ceiling: 'protected',
    tokenUses: 'once',
  })
  expect(parseIssuer(GITLAB)).toMatchObject({
    jwksUrl: 'https://gitlab.example.com/oauth/discovery/keys',
    tokenUses: 'until-closed',
  })
  expect(parseIssuer({ ...GITLAB, id: 'jenkins', kind: 'jenkins' }).ceiling).toBe('untrusted')
})

test.each<readonly [string, Partial<IssuerInput>]>([
  ['no id', { id: '' }],
  ['an id that could be two parts of a scope', { id: 'git:hub' }],
  ['no issuer', { issuer: undefined }],
  ['no audience', { audience: undefined }],
  ['an empty audience', { audience: '' }],
  ['an algorithm with a shared secret', { algorithms: ['HS256'] }],
  ['no algorithm at all', { algorithms: ['none'] }],
  ['an empty list of algorithms', { algorithms: [] }],
  ['keys without TLS', { jwksUrl: 'http://gitlab.example.com/keys' }],
  ['keys in a file', { jwksUrl: 'file:///etc/passwd' }],
  ['keys behind a password', { jwksUrl: 'https://user:word@gitlab.example.com/keys' }],
  ['keys nowhere', { jwksUrl: 'keys' }],
  ['nobody who is admitted', { admits: [] }],
  ['a level that is none', { ceiling: 'root' as never }],
  ['all projects of an issuer of everybody', { issuer: 'https://gitlab.com' }],
  ['a ceiling above what Jenkins can be believed', { kind: 'jenkins', ceiling: 'protected' }],
])('an issuer with %s is refused', (_of, changes) => {
  const parse = (): unknown => parseIssuer({ ...GITLAB, ...changes })

  expect(parse).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

test('all of GitHub is admitted by nobody', () => {
  expect(() => parseIssuer({ ...GITHUB, admits: [{ tenant: 'default' }] })).toThrow(
    /must name an `owner` or a `project`/,
  )
})

test.each<readonly [string, readonly Partial<IssuerInput>[], boolean]>([
  ['two platforms', [{}, { id: 'other', issuer: 'https://other.example.com' }], true],
  ['two with one id', [{}, { issuer: 'https://other.example.com' }], false],
  ['two with one issuer', [{}, { id: 'other' }], false],
  ['the id of keys', [{ id: 'local' }], false],
  ['GitHub’s two kinds of token', [{ kind: 'github' }, { id: 'b', kind: 'github-runtime' }], true],
  ['the same kind of token twice', [{ kind: 'github' }, { id: 'b', kind: 'github' }], false],
])('issuers are checked against each other: %s', (_of, given, isGood) => {
  const check = (): void => checkIssuers(given.map((each) => parseIssuer({ ...GITLAB, ...each })))

  if (isGood) expect(check).not.toThrow()
  else expect(check).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

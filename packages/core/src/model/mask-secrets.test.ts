import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileSecrets, createMasker } from './mask-secrets.ts'

describe('masking', () => {
  test('replaces a secret', () => {
    expect(mask(['hunter22'], ['the password is hunter22!\n'])).toBe('the password is ***!\n')
  })

  test('replaces a secret that arrives in pieces', () => {
    expect(mask(['hunter22'], ['is hun', 't', 'er2', '2!'])).toBe('is ***!')
  })

  test('passes on at once what cannot be the start of a secret', () => {
    const masker = createMasker(compileSecrets(['hunter22']))

    expect(String(masker.push(Buffer.from('progress 10%\r')))).toBe('progress 10%\r')
  })

  test('gives back at the end what only looked like a secret', () => {
    expect(mask(['hunter22'], ['is hunt'])).toBe('is hunt')
  })

  test('the result does not depend on how the output was cut', () => {
    // A two-letter alphabet makes secrets overlap, nest, and begin within one another.
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 8 })
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 }), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 5 }), pieces, (secrets, texts) => {
        expect(mask(secrets, texts)).toBe(mask(secrets, [texts.join('')]))
      }),
      { numRuns: 3000 },
    )
  })

  test('no secret is left, wherever the output was cut', () => {
    const secret = fc.string({
      unit: fc.constantFrom('a', 'b', 'é', '\n'),
      minLength: 6,
      maxLength: 12,
    })
    fc.assert(
      fc.property(secret, fc.array(fc.nat({ max: 40 })), (text, cuts) => {
        const bytes = Buffer.from(`x${text}y${text}${text}z`)
        const places = [
          0,
          ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b),
          bytes.length,
        ]
        const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end))

        expect(maskBytes([text], pieces).includes(Buffer.from(text))).toBe(false)
      }),
    )
  })

  test('a masker that forgets what went before would let a cut secret through', () => {
    const secrets = compileSecrets(['hunter22'])
    const forgetful = ['is hun', 'ter22!'].map((text) =>
      String(createMasker(secrets).push(Buffer.from(text))),
    )

    expect(forgetful.join('')).not.toContain('***')
    expect(mask(['hunter22'], ['is hun', 'ter22!'])).toContain('***')
  })

  test('of two secrets that begin at one place the longer one is replaced whole', () => {
    expect(mask(['secret', 'secret-and-more'], ['secret-and-more secret-and'])).toBe('*** ***-and')
  })

  test('leaves bytes that are no text alone', () => {
    const bytes = Buffer.from([0, 255, 254, 128, 10, 13, 27])

    expect(maskBytes(['hunter22'], [bytes])).toEqual(bytes)
  })

  test('finds a secret in a URL, in JSON, in base64, and within something encoded whole', () => {
    const secret = 'p@ss "word"/1'
    const basic = Buffer.from(`user:${secret}`).toString('base64')

    expect(mask([secret], [encodeURIComponent(secret)])).toBe('***')
    expect(mask([secret], [JSON.stringify({ secret })])).toBe('{"secret":"***"}')
    expect(mask([secret], [`Basic ${basic}`])).toMatch(/^Basic [\w+/]{1,8}\*\*\*[\w+/]{0,2}=*$/)
  })

  test('finds the lines of a key that a terminal or a tool has broken up', () => {
    const key = '-----BEGIN KEY-----\nMIIabcdefg\nhijklmnop\n-----END KEY-----'

    expect(mask([key], [key.replaceAll('\n', '\r\n  ')])).toBe('***\r\n  ***\r\n  ***\r\n  ***')
  })

  test('takes characters that mean something in a regular expression as they are', () => {
    const secret = String.raw`a.*b\[c](d)|e^$?{1}-/`

    expect(mask([secret], [`<${secret}> axxb`])).toBe('<***> axxb')
  })
})

function mask(secrets: readonly string[], texts: readonly string[]): string {
  return String(
    maskBytes(
      secrets,
      texts.map((text) => Buffer.from(text)),
    ),
  )
}

function maskBytes(secrets: readonly string[], pieces: readonly Uint8Array[]): Buffer {
  const masker = createMasker(compileSecrets(secrets))
  return Buffer.concat([...pieces.map((piece) => masker.push(piece)), masker.end()])
}

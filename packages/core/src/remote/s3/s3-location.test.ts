import { expect, test } from 'vitest'
import { parseS3Location } from './s3-location.ts'

test.each([
  ['s3://bucket', {}, 'https://bucket.s3.us-east-1.amazonaws.com/', ''],
  ['s3://bucket/a/b/?region=eu-west-1', {}, 'https://bucket.s3.eu-west-1.amazonaws.com/', 'a/b/'],
  ['s3://my.bucket/a', {}, 'https://s3.us-east-1.amazonaws.com/my.bucket/', 'a/'],
  ['s3://bucket', { AWS_REGION: 'x-1' }, 'https://bucket.s3.x-1.amazonaws.com/', ''],
  ['s3://bucket?endpoint=http://localhost:7480', {}, 'http://localhost:7480/bucket/', ''],
  ['s3://bucket', { AWS_ENDPOINT_URL: 'https://s3.example' }, 'https://s3.example/bucket/', ''],
  ['s3://bucket?endpoint=https://h/store/', {}, 'https://h/store/bucket/', ''],
  ['s3://bucket', { AWS_REGION: '' }, 'https://bucket.s3.us-east-1.amazonaws.com/', ''],
  [
    's3://bucket',
    { AWS_REGION: ' ', AWS_DEFAULT_REGION: 'eu-1\n' },
    'https://bucket.s3.eu-1.amazonaws.com/',
    '',
  ],
  [
    's3://bucket',
    { AWS_ENDPOINT_URL_S3: '', AWS_ENDPOINT_URL: 'https://h' },
    'https://h/bucket/',
    '',
  ],
])('%s with %o is at %s', (address, env, baseUrl, prefix) => {
  const location = parseS3Location(address, env)

  expect([location.baseUrl.href, location.prefix]).toEqual([baseUrl, prefix])
})

test.each([
  { AWS_REGION: 'eu west' },
  { AWS_REGION: 'a/../b' },
  { AWS_ENDPOINT_URL: 'minio:9000' },
  { AWS_ENDPOINT_URL: 'minio' },
])('%o is refused', (env) => {
  expect(() => parseS3Location('s3://bucket', env)).toThrow(
    expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
  )
})

test.each([
  's3:/bucket',
  'https://bucket',
  's3://b',
  's3://UPPER_case',
  's3://bucket/a b',
  's3://bucket?endpoint=ftp://host',
  's3://bucket?path=style',
  's3://key:secret@bucket/a',
])('%s is refused', (address) => {
  expect(() => parseS3Location(address, {})).toThrow(
    expect.objectContaining({ code: 'ARGUMENT_INVALID' }),
  )
})

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { messageOf } from '../testing/message-of.ts'
import { Problems } from './problems.ts'
import { TLS } from './tls-options.ts'

const folder = mkdtempSync(join(tmpdir(), 'tls-options-'))
const file = (name: string) => readFileSync(join(folder, name), 'utf8')

beforeAll(() => {
  for (const name of ['one', 'other'])
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-subj',
        `/CN=${name}`,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.pem`,
      ],
      { cwd: folder, stdio: 'ignore' },
    )
  execFileSync('openssl', ['rsa', '-aes256', '-passout', 'pass:right', '-in', 'one.key', '-out', 'locked.key'], {
    cwd: folder,
    stdio: 'ignore',
  })
})
afterAll(() => rmSync(folder, { recursive: true }))

function errorOf(tls: unknown): string {
  const problems = new Problems()
  TLS.read(problems, 'tls', tls)
  return messageOf(() => problems.throwIfAny('http.run()'))
}

test('accepts certificates and keys that belong together', () => {
  const problems = new Problems()
  TLS.read(problems, 'tls', {
    ca: [file('one.pem'), Buffer.from(file('other.pem'))],
    cert: file('one.pem'),
    key: file('one.key'),
  })
  TLS.read(problems, 'tls', { cert: file('one.pem'), key: file('locked.key'), passphrase: 'right' })
  expect(() => problems.throwIfAny('http.run()')).not.toThrow()
})

test('rejects a path instead of PEM', () => {
  expect(errorOf({ ca: 'ca.pem' })).toMatchInlineSnapshot(`
    "OptionsError: http.run() received an invalid option:

      tls.ca: must be PEM, as a string or bytes, and not the path of a file
        Received: '…'
        Fix:      write, for example, ca: readFileSync('ca.pem')"
  `)
})

test('rejects the key of another certificate', () => {
  expect(errorOf({ cert: file('one.pem'), key: file('other.key') })).toMatchInlineSnapshot(`
    "OptionsError: http.run() received an invalid option:

      tls.key: must be the key of the certificate in tls.cert
        Received: '…'
        Fix:      write, for example, tls: { cert: readFileSync('client.pem'), key: readFileSync('client-key.pem') } of one pair"
  `)
})

test('rejects a wrong or missing passphrase', () => {
  expect(errorOf({ cert: file('one.pem'), key: file('locked.key'), passphrase: 'wrong' })).toMatchInlineSnapshot(`
    "OptionsError: http.run() received an invalid option:

      tls.passphrase: must be the passphrase of tls.key
        Received: '***'
        Fix:      write, for example, tls: { cert, key, passphrase: secret(process.env.KEY_PASSPHRASE) }"
  `)
  expect(errorOf({ cert: file('one.pem'), key: file('locked.key') })).toContain('tls.passphrase')
})

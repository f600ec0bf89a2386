import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { redactText } from './redact.ts'

/** Secrets: random texts, and one that looks like a word. */
const SHORT = 'Zk9qXvW3LmPz'
const LONG = 'Zk9qXvW3LmPzQ8rT5uYw2BnC7dEfG4hJ'
const WORD = 'correcthorse'
const HEX = 'a1b2c3d4'.repeat(4)
const SECRETS = [LONG, SHORT, WORD, HEX, '104', '492817']

describe('redactText masks the secret in', () => {
  test.each([
    `glrt-${LONG}`,
    `SK${HEX}`,
    `key-${HEX}`,
    `hvs.${LONG}`,
    `dapi${HEX}`,
    `lin_api_${LONG}`,
    `figd_${LONG}`,
    `sntrys_${LONG}`,
    `AGE-SECRET-KEY-1${LONG}`,
    `ATATT3xFfGF0${LONG}`,
    `xoxd-${LONG}`,
    `v4.local.${LONG}`,
    `eyJhbGciOiJkaXIifQ..${SHORT}.${LONG}.${SHORT}`,
    `https://acme.webhook.office.com/webhookb2/${SHORT}@${SHORT}/IncomingWebhook/${LONG}/x`,
    `machine git.example login ann password ${WORD}`,
    `ann:${SHORT}@tcp(db:3306)/app?parseTime=true`,
    `Driver={PG};UID=sa;PWD={a;b}}${SHORT}};Server=x`,
    `    client-key-data: ${LONG}`,
    `PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n${LONG}\nPrivate-MAC: x`,
    `recovery_codes: ["${SHORT}", "a"]`,
    `password = """\n${SHORT}\n"""`,
    `<wsse:Password Type="x#PasswordText">${SHORT}</wsse:Password>`,
    `<password encrypted="false">${SHORT}</password>`,
    `<key>password</key>\n<string>${WORD}</string>`,
    `curl --cert c.pem:${SHORT} https://x`,
    `curl --proxy-user a:${SHORT} https://x`,
    `http -a ann:${SHORT} GET x`,
    `redis-cli -h h -a ${SHORT} ping`,
    `mongosh --username a -p ${SHORT} --host h`,
    `docker login -u a -p ${SHORT} r.example`,
    `sqlcmd -S h -U sa -P ${SHORT}`,
    `ldapsearch -D cn=a -w ${SHORT}`,
    `7z x -p${SHORT} a.7z`,
    `["password"]=>\n  string(12) "${SHORT}"`,
    `ALTER ROLE app WITH PASSWORD '${WORD}'`,
    `SET PASSWORD FOR 'a'@'h' = PASSWORD('${SHORT}')`,
    inspect({ tokens: new Set([SHORT, 'x']) }),
    inspect({ secretKey: new Uint8Array([104, 117]) }),
    JSON.stringify({ secretKey: Buffer.from('hunter2') }),
    `{\n "name": "x-api-key",\n "value": "${WORD}"\n}`,
    `- name: DB_PASSWORD\n  value: ${WORD}\n`,
    `| password | ${SHORT} |`,
    `Your OTP code is 492817`,
  ])('%j', (text) => {
    const clean = redactText(text)
    expect(SECRETS.filter((secret) => clean.includes(secret))).toEqual([])
    expect(redactText(clean)).toBe(clean)
  })
})

test.each([
  "Access denied for user 'app'@'10.0.0.1' (using password: YES)",
  '{"message":"Invalid credentials","code":"AUTH_FAILED"}',
  'mode: cors, credentials: same-origin',
  'auth: basic, pin: latest',
  'usage: app --token <token>',
  'app --password-file ./x.txt --verbose',
  'login ann password expired',
  'login page: 200',
  '- name: token\n  value: string',
  '{"name":"token","type":"string"}',
  '| password | required |',
  'Digest mismatch: sha256',
  'negotiate failed',
  'token count: 5',
  'password must be 8 characters',
  'found nothing at $.data.token',
  'build 3f2a1c9d8e7b6a5f4e3d2c1b0a99887766554433',
  'order 123e4567-e89b-12d3-a456-426614174000 not found',
  '    at Session.query (/app/src/session/token-store.ts:120:17)',
  "TypeError: Cannot read properties of undefined (reading 'token')",
  'p99 of auth_request_duration_seconds lies beyond its last finite bucket, 10',
  'http_requests_total{route="/api/token",status="200"} 17',
  'error: 28P01: password authentication failed for user "app"',
  'WRONGPASS invalid username-password pair or user is disabled.',
  'null value in column "token" violates not-null constraint',
  'secret(value): value must be a text',
  "password() and getToken('user') are gone",
  'docker run -p 8080:80 nginx',
  'mkdir -p /var/x && cp -a x:y z',
  'mysql -u root -p db',
  'ssh -p 2222 host',
  'ann@tcp(db:3306)/app',
  'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'key-1, SK1, v4.local, hvs., lin_api, glc_config_value',
])('does not change a text without secrets: %j', (text) => expect(redactText(text)).toBe(text))

import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FORMS } from '../testing/leaked-forms.ts'
import { maskKnown } from './known-secrets.ts'
import { redactData, redactGiven, redactText, secretsOf } from './redact.ts'

describe('redactText masks', () => {
  test.each([
    ['postgres://perf:hunter2@127.0.0.1:5432/app', 'postgres://perf:***@127.0.0.1:5432/app'],
    ['redis://:s3cr3t/with?odd@localhost:6379', 'redis://:***@localhost:6379'],
    ['GET /api/live?streamerId=42&page=7#top', 'GET /api/live?streamerId=***&page=***#top'],
    ['authorization: Bearer abc.def.ghi, then', 'authorization: ***'],
    ['Cookie: sid=1; theme=dark\nnext: line', 'Cookie: ***\nnext: line'],
    ['sent with Bearer a1b2c3d4e5', 'sent with Bearer ***'],
    ['token eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl end', 'token *** end'],
    ['https://api.telegram.org/bot123456789:AAH_abcdefghijklmnopqrstuvwxyz12345/x', 'https://api.telegram.org/***/x'],
    [`{"password":"a \\"b\\" c","user":"u"}`, `{"password":"***","user":"u"}`],
    [`{ 'x-api-key': 'k-1', accept: '*/*' }`, `{ 'x-api-key': '***', accept: '*/*' }`],
    ['host=db user=perf password=hunter2 sslmode=off', 'host=db user=perf password=*** sslmode=off'],
    ['DATABASE_PASSWORD=hunter2', 'DATABASE_PASSWORD=***'],
    ['x-telegram-bot-api-secret-token: 12345', 'x-telegram-bot-api-secret-token: ***'],
    ['-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----', '***'],
  ])('%s', (text, clean) => expect(redactText(text)).toBe(clean))

  test('a text only once', () => {
    const once = redactText('a://b:c@d/?e=f password=g')
    expect(redactText(once)).toBe(once)
  })
})

/** A random text as a secret. */
const S = 'Zk9qXvW3LmPz'

test.each([
  `https://${S}@git.example/x`,
  `postgres://u:${S}@${S}@h/db`,
  `postgres://u:${S}@${S}/${S}?${S}@h:5432/db`,
  `postgres://u:my ${S} pass@h/db`,
  `postgres://u:it's${S}@h/db`,
  `postgres://u:${S}@h1:1,h2:2/db`,
  `redis://:1234/${S}@h`,
  `ann:abc@tcp(db1:3306)/app,ann:${S}@tcp(db2:3306)/app`,
  `https://u:${S}@h/@scope/x@1.2`,
  `{"authorization":"Bearer ${S}"}`,
  `authorization=Bearer ${S}`,
  `Authorization: Digest username="u", realm="r", response="${S}"`,
  `sent bearer ${S}`,
  `sec-websocket-protocol: bearer, ${S}`,
  `curl -H 'Cookie: sid=${S}' -H 'accept: */*'`,
  `"set-cookie":["sid=${S}; Path=/","csrf=${S}"]`,
  `cookies: { theme: 'dark', other: '${S}' }`,
  JSON.stringify({ body: JSON.stringify({ token: S }) }),
  `{ password: { v: '${S}' } }`,
  `{ password: { first: 1, then: { a: '}', b: ['${S}'] } }, next: 2 }`,
  `{ passwords: [ { v: '${S}' }, { v: '${S}' } ] }`,
  `password: Secret { a: 1, v: '${S}' }`,
  `password: [Object: null prototype] { a: 1, v: '${S}' }`,
  `'password' => Map(2) { 'a' => { b: 1 }, 'c' => '${S}' }`,
  JSON.stringify({ password: { first: 1, v: S } }, undefined, 2),
  JSON.stringify({ body: JSON.stringify({ password: { a: 1, v: S } }) }),
  JSON.stringify(JSON.stringify({ body: JSON.stringify({ password: `"${S}"` }) })),
  `['x-api-key', '${S}']`,
  `[\n  [ 'authorization', 'Basic ${S}' ]\n]`,
  `Map(1) { 'x-auth' => '${S}' }`,
  `URLSearchParams { 'token' => '${S}' }`,
  `{ secret:\n   '${S}' }`,
  `{ user: 'x', pass: '${S}' }`,
  `{ jwt: \`${S}\` }`,
  `{ sessionId: "${S}", pin: 1 }`,
  `PHPSESSID=${S}; theme=dark`,
  `PGPASSWORD=${S} psql`,
  `host=h password='${S} x' dbname=d`,
  `password: my ${S} pass`,
  `password: correct horse ${S}`,
  `token: |\n  ${S}\n  ${S}\nnext: 1`,
  `the token is ${S}`,
  `--api-key ${S}`,
  `user=u&password=${S}&x=1`,
  `name="password"\r\n\r\n${S}\r\n--x`,
  `<wsse:Password>${S}</wsse:Password>`,
  `/x;token=${S}`,
  `/a?ids[]=${S}`,
  `/a?ключ=${S}|${S}`,
  `/a?${S}`,
  `Key (tenant, token)=(a, ${S}) already exists.`,
  `Failing row contains (1, ${S}, null).`,
  `\u001b[1mtoken\u001b[22m=\u001b[3m${S}`,
  `tok\u200ben=${S}`,
  `to\u00adk\u061cen\u200e=${S}`,
  `pass\u{e0041}word: ${S}`,
  `tok\u0000e\u202en=${S}`,
  `tok\u001b[Ken\u001b[8m=${S}`,
  `\u001b]0;token=${S}\u0007`,
  `https://hooks.slack.com/services/T00000000/B00000000/${S}`,
  `https://discord.com/api/webhooks/123456789012345678/${S}`,
  `xapp-1-A0123-123-${S}`,
  `ya29.${S}`,
  `GOCSPX-${S}abcdef`,
  `STRIPE_KEY=${S}`,
  `curl -u admin:${S} http://x`,
  `mysql -uroot -p${S} db`,
  `{"name":"password","value":"${S}"}`,
  `<add key="Password" value="${S}"/>`,
  `<input type="hidden" name="csrf_token" value="${S}">`,
  `jdbc:oracle:thin:scott/${S}@//h:1521/x`,
  `AUTH default ${S}`,
  `db:5432:x:app:${S}`,
  `Authorization: Bearer\n ${S}`,
  `sent Bearer\r\n\t${S}`,
  `/x/%7B%22password%22%3A%22${S}%22%7D`,
  `/x/%257B%2522pin%2522%253A%2522${S}%2522`,
  `/login%3Fpassword%3D${S}`,
  `INSERT INTO users(name,password) VALUES ('a','${S}')`,
  `INSERT INTO users ("password", name)\nVALUES (\n  '${S}',\n  'it''s')`,
  `CREATE USER a IDENTIFIED BY '${S}'`,
  `<password>${S} (cut off`,
  `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${S}\n-----END ENCRYPTED PRIVATE KEY-----`,
  `-----BEGIN RSA PRIVATE KEY-----\n${S} (cut off`,
  `-----BEGIN PRIVATE KEY-----\n${S}\n-----ENDED BADLY ${S}`,
  `{"p\\u0061ssword":"${S}"}`,
  `{"pass\\u0077ord": "${S}"}`,
  `{"\\u0070\\u{69}n":"${S}"}`,
  JSON.stringify(`{"api\\u005Fkey":"${S}"}`),
  `{ 'p\\x61ssword': '${S}' }`,
  `p%61ssword=${S}`,
  `/x;%70i%256e=${S}`,
  `p&#97;ss&#x77;ord="${S}"`,
  `{"body":"{\\u0022pin\\u0022: \\u0022a\\\\\\u0022${S}\\u0022}"}`,
  `{\\u0022token\\u0022:${S}}`,
  `&quot;token&quot;:&quot;${S}&quot;`,
  `&#34;pin&#34; = &#34;${S} (cut off`,
  `{"password":"${S}","value":"a"}`,
  `/webhook/telegram/${S}`,
  `POST /webhooks/${S}/updates?x`,
  `/password-reset/${S}`,
  `"/auth/magic-link/${S}"`,
  `/x%2Fverify-email%2F${S}`,
  `/services/T00000000/B00000000/${S}`,
  `/api/v10/webhooks/123456789012345678/${S}`,
])('masks the secret in %j', (text) => {
  const clean = redactText(text)
  expect(clean).not.toContain(S)
  expect(redactText(clean)).toBe(clean)
})

test('masks columns and rows of a table with the name of a secret', () => {
  expect(redactText(tableOf([{ user: 'ann', password: 'hunter2-long', logins: 1 }, { user: 'bob' }])))
    .toMatchInlineSnapshot(`
    "┌─────────┬───────┬────────────────┬────────┐
    │ (index) │ user  │ password       │ logins │
    ├─────────┼───────┼────────────────┼────────┤
    │ 0       │ 'ann' │ ***            │ 1      │
    │ 1       │ 'bob' │                │        │
    └─────────┴───────┴────────────────┴────────┘
    "
  `)
  expect(redactText(tableOf({ token: 'hunter2', user: 'ann' }))).toMatchInlineSnapshot(`
    "┌─────────┬───────────┐
    │ (index) │ Values    │
    ├─────────┼───────────┤
    │ token   │ ***       │
    │ user    │ 'ann'     │
    └─────────┴───────────┘
    "
  `)
  expect(redactText(tableOf(new Map([['token', 'hunter2']])))).toMatchInlineSnapshot(`
    "┌───────────────────┬─────────┬───────────┐
    │ (iteration index) │ Key     │ Values    │
    ├───────────────────┼─────────┼───────────┤
    │ 0                 │ 'token' │ ***       │
    └───────────────────┴─────────┴───────────┘
    "
  `)
  expect(redactText(tableOf([{ user: '│', password: 'hunter2' }]))).not.toContain('hunter2')
  const harmless = tableOf([{ user: 'ann', tokenCount: 3 }])
  expect(redactText(harmless)).toBe(harmless)
})

test.each([
  ['user,password\nann,hunter2\nbob,\n', 'user,password\nann,***\nbob,\n'],
  ['"id";"api_key"\r\n"1";"hunter2"\r\n', '"id";"api_key"\n"1";"***"\n'],
  ['token\tid\na b\t2', 'token\tid\n***\t2'],
  ['id,token\n"1,2",hunter2', 'id,token\n"1,2",***'],
  ['id,token\n"1,"",2,hunter2', 'id,token\n***'],
  ['id,token\nnot a row', 'id,token\nnot a row'],
  ['id,name\n1,ann', 'id,name\n1,ann'],
  ['user, token\na, b', 'user, token\na, b'],
])('masks columns of CSV with the name of a secret: %j', (text, clean) => expect(redactText(text)).toBe(clean))

function tableOf(data: unknown): string {
  let text = ''
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk)
      done()
    },
  })
  new Console(stream).table(data)
  return text
}

test.each([
  ['pin=1234', 'pin=***'],
  ['{"pin":123,"id":4}', '{"pin":***,"id":4}'],
  ['pass=12345', 'pass=***'],
  ['card=4111111111111111&cvv=123', 'card=***&cvv=***'],
  ['AKIAIOSFODNN7EXAMPLE used', '*** used'],
  ['/webhook/telegram/123456789:AAH_abcdefghijklmnopqrstuvwxyz12345', '/webhook/telegram/***'],
  ['/invite/123e4567-e89b-12d3-a456-426614174000/page', '/invite/***/page'],
  ['/token/AbCdEfGhIjKlMnOpQr', '/token/***'],
])('masks values that are secret by name or format: %s', (text, clean) => expect(redactText(text)).toBe(clean))

test.each([
  'extract token: found nothing at $.token',
  'headers.authorization: must be a string',
  'path: "/token now" has a character that a path cannot have: " "',
  'password: is required',
  'postgres://perf@db:5432/x refuses the user perf',
  'postgres://db/x?sslmode=verify-full',
  'https://registry.example/@scope/package@1.2.3',
  'http://127.0.0.1:3000/a:b@c',
  'tokenCount: 5, cookieSize: 12',
  '{ token: null, pass: true, session: undefined }',
  'pass: 3, fail: 1',
  'truth=pass offered=40 sent=40',
  'verdict: pass 12.5ms/request',
  'verdict pass offered=40',
  'PASS perf/checkout1.perf.ts',
  'bypass: on, author: me, compass: north, opinion: none',
  'Basic authentication is required',
  'SELECT count(*) FROM sessions WHERE id = $1',
  'the response has no header x-token',
  'ERR AUTH <password> called without any password configured for the default user.\nhost 127.0.0.1:6379\nattempt 3',
  'JsonWebTokenError: jwt malformed',
  'InvalidTokenError: nonce differs',
  'max_tokens=512',
  '{"max_tokens": 128000, "promptTokens":4096}',
  '{"usage":{"total_tokens":812}}',
  '{"errors":{"password":"is too short"}}',
  '{"errors":{"password":["is too short","must have a digit"]}}',
  'WWW-Authenticate: Bearer error="invalid_token"',
  'tests pass=3 fail=1',
  'usage: login <password> <host>, got 1 argument; exit code 2',
  'WRONG PASS: open circuit is passed',
  'must not PASS: run not awaited, nothing measured',
  'should pass: right JSON with Connection: close',
  'all tests pass: the second one late',
  'INSERT INTO sessions (id, token) VALUES ($1, $2)',
  'at a.ts:12:3:error',
  'fe80:1234:abcd:12:34',
  'docker run -u 1000:1000 x',
  'PRIMARY_KEY: id',
  '{"cookie":"missing"}',
  '{"token": "expired"}',
  "{ jwt: 'malformed', secret: 'revoked', pin: 'not set' }",
  '{"errors":{"password":["required"]}}',
  '{"body":"{\\"token\\":\\"invalid\\"}"}',
  '{\\u0022token\\u0022:\\u0022expired\\u0022}',
  'token=expired, password: wrong',
  'cookie: missing',
  '/webhook/telegram/:token',
  '/hooks/order-12345',
  'GET /api/token/refresh/step2 404',
  '/auth/oauth2callback',
  'src/hooks/use-auth2-token3.ts:12:3',
  'p\\u0061th: x',
])('keeps the cause readable: %s', (text) => expect(redactText(text)).toBe(text))

test('takes time linear in the length of any text', () => {
  const parts = [
    'token',
    'token-',
    'token:',
    'token:"',
    'token:\\\\"',
    '"cookie: ',
    '?',
    '&',
    '://',
    '://a:',
    'eyJ',
    'eyJ-',
    'Bearer ',
    'deadbeef0',
    '-----BEGIN PRIVATE KEY',
    '(token',
    'token)=(',
    '<token>',
    'token:["a",',
    'cookies:{',
    'token:`',
    'password is ',
    'pass: is ',
    'token:"is too ',
    '"password" value',
    'token) values (',
    '<token> ',
    'token%22%3A%22',
    '_KEY=',
    ' -u a:',
    'mysql -p',
    'AUTH a ',
    ':12:b:c:',
    'jdbc:oracle:thin:a/',
    'Bearer\n ',
    '\u001b[',
    ' ',
    ' -p',
    'token,',
    '\\',
    '\\u0061',
    '%61',
    '&#97;',
    'token\\u0022:\\u0022',
    'token&quot;:',
    '/hook/a',
    '/hook/a1b2c3d4e5f6',
    'token\\',
    'token:"a",',
    '{"token":"a b",',
    'token="""',
    '"password",\n',
    '<token a>',
    '<key>token</key>',
    '@tcp(',
    'Private-Lines: 1\n',
    'password (',
    'login a password ',
    'PWD={a',
    'secret: Set(1) {',
    'OTP code ',
    'PASS: ',
    '://a@',
    'https://a:b@c/',
    'token %',
    'cookie: a\n',
    'password: a, ',
    'token:\n  a1b2c3d4\n',
    'a:b@',
    ':\\/\\/a:',
    '%3A%2F%2Fa%3A',
    "token in ('a', ",
    '-token a ',
    'token=&#39;',
    'AUTH\n$4\n',
    '/reset/1',
    'name="token" ',
    '<token ',
    'pin "',
    'auth"',
    '"value":"a","key":"token" ',
  ]
  expect(parts.filter((part) => !isLinear(part))).toEqual([])
})

test.each(Object.entries(FORMS))('takes time linear in the length of repeated forms of %s', (_, forms) => {
  expect(forms.filter((form) => !isLinear(form))).toEqual([])
})

/**
 * Whether a text takes as long as its sixteenths together: 16 times as long if the time is quadratic. Other processes and the
 * garbage collector only add to CPU time, so the minimum counts.
 */
function isLinear(part: string): boolean {
  const [short, long] = [6_250, 100_000].map((length) => part.repeat(length / part.length)) as [string, string]
  let [shortMs, longMs] = [Infinity, Infinity]
  for (let round = 0; round < 5; round++) {
    shortMs = Math.min(
      shortMs,
      cpuMs(() => Array.from({ length: 16 }, () => redactText(short))),
    )
    longMs = Math.min(
      longMs,
      cpuMs(() => redactText(long)),
    )
    if (longMs <= 4 * Math.max(1, shortMs)) return true
  }
  return false
}

function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

test('masks any password in a connection string, encoded or known, in any text', () => {
  const password = fc.string({ minLength: 6, unit: 'grapheme-ascii' }).filter((text) => text.trim().length >= 6)
  fc.assert(
    fc.property(password, fc.lorem(), (secret, text) => {
      const url = `postgres://user:${encodeURIComponent(secret)}@host:5432/db`
      fc.pre(!`${text} ${url.replace(encodeURIComponent(secret), '***')} refused`.includes(secret))
      expect(redactText(`${text} ${url} refused`)).not.toContain(encodeURIComponent(secret))
      expect(redactText(`${text} password ${secret} refused`, secretsOf(url))).not.toContain(secret)
    }),
  )
})

test('finds the secrets of a URL: its password as written and decoded, and parameters with secret names', () => {
  expect(secretsOf('redis://:a%2Fb@host')).toEqual(['a%2Fb', 'a/b'])
  expect(secretsOf('postgres://host/db?password=hunter22&sslmode=require')).toEqual(['hunter22'])
  expect(secretsOf('redis://host')).toEqual([])
  expect(secretsOf('no url')).toEqual([])
})

test('masks a known secret in its encoded forms', () => {
  const secret = 'p@ss "word"/1'
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret), Buffer.from(secret).toString('base64')]
  expect(redactText(forms.join(' | '), [secret])).toBe('*** | *** | "***" | ***')
})

test.each([
  'opaque-word',
  'bang!(paren)*star',
  "it's a value",
  'tilde ~ value',
  'caf\u00e9/\u00fc+x=value',
  'Pa55"w\\\\ord',
  'corp\\account',
  '`${x}` and "it\'s"',
])('masks %j in a URL, a form, in quotation marks and as a part in base64', (secret) => {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const strict = encodeURIComponent(secret).replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)
  const forms = [
    ...[encodeURI(secret), new URLSearchParams({ a: secret }).toString(), strict, encodeURIComponent(strict)],
    ...[new URL(`http://h/${secret}`).pathname, new URL(`http://h/?${secret}`).search.slice(1)],
    ...[inspect(secret), inspect(`${secret}"`), inspect(`${secret}"\`'`), inspect({ a: inspect(`${secret}"\`'`) })],
    ...[base64(`u:${secret}`), base64(`ab:${secret}`), base64(`abc:${secret}`), base64(`${secret}:x`)],
    ...[base64(JSON.stringify({ secret })), encodeURIComponent(base64(`u:${secret}`))],
    Buffer.from(`abc:${secret}??>`).toString('base64url'),
  ]
  expect(forms.filter((form) => !maskKnown(form, [secret]).includes('***'))).toEqual([])
})

test.each([
  ['a/opaque=', 'a&#x2F;opaque&#61;'],
  ['opaque1', '%6f%70%61%71%75%65%31'],
  ['opaque12', '6F70617175653132'],
  ['opaque-12', Buffer.from(Buffer.from('opaque-12').toString('base64')).toString('base64')],
  ['line1-opaque\nline2-opaque', '  line1-opaque\n  line2-opaque'],
  ['-----BEGIN KEY-----\nline2-opaque', 'got line2-opaque'],
])('masks the known secret %j in %j', (secret, text) => {
  const clean = redactText(text, [secret])
  expect(clean).toContain('***')
  expect(clean.replaceAll('***', '').replace(/got/, '').trim()).toBe('')
})

test('redactData masks in maps, sets, pairs, records of requests, errors and cycles', () => {
  const error = Object.assign(new Error('token=abc'), {
    detail: 'Key (token)=(abc) already exists.',
    query: 'SELECT 1',
  })
  const data = {
    map: new Map([['x-api-key', S]]),
    set: new Set([`token=${S}`]),
    raw: ['accept', '*/*', 'x-api-key', S],
    har: [{ name: 'cookie', value: S }],
    list: { tokens: [S, S] },
    pin: 1234,
    error,
    self: undefined as unknown,
  }
  data.self = data
  const clean = redactData(data)
  expect(clean).toMatchObject({
    map: new Map([['x-api-key', '***']]),
    set: new Set(['token=***']),
    raw: ['accept', '*/*', 'x-api-key', '***'],
    har: [{ name: 'cookie', value: '***' }],
    list: { tokens: '***' },
    pin: '***',
    error: { message: 'token=***', detail: 'Key (token)=(***) already exists.', query: 'SELECT 1' },
  })
  expect(clean.self).toBe(clean)
})

test.each([
  'p95 < 150 ms, 11,940 of 12,000 requests',
  'constantArrivalRate 200/s, 2,000 VUs',
  'postgres: PostgreSQL 18.4, embedded, 127.0.0.1:21345',
  'perf/checkout.perf.ts:12:3',
  'Is it so? yes = no',
  'toHaveStatusRateBelow(429, 0.01)',
])('redactText does not change: %s', (text) => expect(redactText(text)).toBe(text))

test('a colour between name and value is removed and does not prevent masking', () => {
  const coloured = `{ \u001b[32m'x-api-key'\u001b[39m: \u001b[32m'abcdef0123'\u001b[39m, cookie: \u001b[32m'sid=7'\u001b[39m }`
  expect(redactText(coloured)).toBe(`{ 'x-api-key': '***', cookie: '***' }`)
  expect(redactText('\u001b[32mfine\u001b[39m')).toBe('fine')
})

test('known secrets are masked anywhere, except short ones', () => {
  expect(redactText('id-opaque77 and cat', ['opaque77', 'cat'])).toBe('id-*** and cat')
})

test('redactData keeps a word that describes the problem of a value', () => {
  expect(redactData({ token: 'expired', cookies: ['missing'] })).toEqual({ token: 'expired', cookies: ['missing'] })
})

test('redactData masks strings and secret keys in plain data, and keeps numbers', () => {
  const data = {
    headers: { Authorization: 'plain words', accept: 'json' },
    steps: [{ name: 'GET /me?id=4' }],
    'GET /x?token=abcdef': 3,
    buckets: [1, 2, 3],
    at: 4.5,
    none: null,
  }
  expect(redactData(data)).toEqual({
    headers: { Authorization: '***', accept: 'json' },
    steps: [{ name: 'GET /me?id=***' }],
    'GET /x?token=***': 3,
    buckets: [1, 2, 3],
    at: 4.5,
    none: null,
  })
})

test('masks every text within a secret in data of users, but not in our records', () => {
  const data = {
    token: { p95: 12, name: 'login' },
    list: [{ password: { v: ['a', new Map([['b', 'c']])] } }],
    user: { v: 'ann' },
  }
  expect(redactGiven(data)).toEqual({
    token: { p95: 12, name: '***' },
    list: [{ password: { v: ['***', new Map([['b', '***']])] } }],
    user: { v: 'ann' },
  })
  expect(redactGiven(data, [], false)).toEqual(data)
  expect(redactData(data)).toEqual(data)
})

test.each([
  ['token: SECRETa521 { user: 5 }', 'token: ***}'],
  ['password=SECRETb705 {"status":401}', 'password=***}'],
  ['access_token: SECRETc707 [attempt 3]', 'access_token: ***]'],
  ['api-key: SECRETd709 {}', 'api-key: ***}'],
  ['client_secret: SECRETe716 {', 'client_secret: ***'],
  ['token: Map(1) { "a" => "SECRETf" }', 'token: Map(1) {***}'],
])('masks a word before a bracket unless it is a name of JavaScript: %s', (text, masked) => {
  expect(redactText(text)).toBe(masked)
})

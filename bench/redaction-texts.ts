/** Texts for `bench/redaction.ts`: what occurs in logs, and what is slow to search because much of it may be a secret. */
import { Random } from '../src/load/random.ts'
import { SENTENCES } from '../src/testing/kept-sentences.ts'
import { FORMS } from '../src/testing/leaked-forms.ts'

const hex = 'deadbeef0123456789abcdef'
const base64 = 'TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5IGhpcyByZWFzb24+/w=='

/** Parts that are repeated, alone and in combination. */
const PARTS: readonly string[] = [
  ...[
    hex,
    'a',
    '0',
    base64,
    `${base64}\n`,
    ' ',
    '\n',
    '\t',
    '\r\n',
    '"',
    "'",
    '`',
    '\\',
    '%',
    ':',
    '=',
    ',',
    '/',
    '-',
    '_',
  ],
  ...['?', '&', '(', ')', '{', '}', '[', ']', '<', '>', '|', '@', '#', '.', ';', '$', '+', '*', '~', '!'],
  ...['é', '日本語', '🙂', '\u200b', '\u001b[31m', '\u001b', '\u0000', '\ufeff', '👩‍💻', '::', '##'],
  ...[
    'token',
    'Token ',
    'token-',
    'token:',
    'token=',
    'token:"',
    'token:\\\\"',
    'token\\',
    '(token',
    '<token>',
    'token,',
  ],
  ...[
    'password',
    'passwordpassword ',
    'password: a, ',
    'password is ',
    'pass: is ',
    'PASS: ',
    'pass ',
    'secret ',
    'auth',
  ],
  ...['cookie: a\n', '"cookie: ', 'Cookie: a=b; c=d\n', 'Set-Cookie: sid=abc123; Path=/; HttpOnly\n', 'cookies:{'],
  ...[
    'Authorization: Bearer abc.def\n',
    'Bearer ',
    'Basic ',
    'Digest username="a", ',
    'Bearer\n ',
    'bearer,',
    'Negotiate ',
  ],
  ...[
    '://',
    '://a:',
    '://a@',
    'https://a:b@c/',
    'https://example.com/a/b?c=d&e=f ',
    'postgres://u:p@h/d\n',
    'http://',
    '@tcp(',
  ],
  ...[
    '?a=b',
    '&a=b',
    '?a',
    '&&',
    '?a=b&c=d',
    '/reset/a1b2c3',
    '/hook/a',
    '/hook/a1b2c3d4e5f6',
    '/token/',
    '%2Ftoken%2F',
  ],
  ...[
    'eyJ',
    'eyJ-',
    'eyJhbGciOiJI.eyJzdWIiOi.c2lnbmF0dXJl ',
    'sk_',
    'ghp_',
    'AKIA',
    'xoxb-',
    'SK0',
    'v1.',
    'key-',
    'bot1',
  ],
  ...[
    '-----BEGIN PRIVATE KEY',
    '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n',
    '---',
    'Private-Lines: 1\n',
  ],
  ...[
    'token:["a",',
    '["token","a"],',
    'token:"a",',
    '{"token":"a b",',
    '{"id":1,"name":"x","ok":true},',
    '{"token":"abc"},',
  ],
  ...[
    '{\\"token\\":\\"abc\\"},',
    '{\\\\\\"a\\\\\\":\\\\\\"b\\\\\\"},',
    'token="""',
    '"password",\n',
    '"password" value',
    'pin=1234&',
  ],
  ...[
    'token)=(',
    'token) values (',
    "INSERT INTO users (name, password) VALUES ('a', 'b');\n",
    'password (',
    "PASSWORD ('",
  ],
  ...[
    "SELECT id, token FROM sessions WHERE token = 'x' AND id = 1\n",
    'Key (token)=(abc) already exists.\n',
    'Row contains (',
  ],
  ...[
    '<password>a</password>',
    '<token ',
    '<token a>',
    '<key>token</key>',
    '<add key="token" value="a"/>',
    'name="token" ',
  ],
  ...[
    '\\u0061',
    '\\u0074oken":"',
    '%61',
    '%74oken=',
    '&#97;',
    'token%22%3A%22',
    'token%3D',
    'token %',
    'token\\u0022:\\u0022',
  ],
  ...[
    'token&quot;:',
    '&quot;',
    '%22',
    '%25',
    '\\x61',
    '\\n',
    '\\"',
    '_KEY=',
    'API_KEY=',
    'A_KEY ',
    'X_KEY:',
    'sess',
    'sid=',
  ],
  ...[
    ' -u a:',
    'mysql -p',
    ' -p',
    ' -p a',
    'AUTH a ',
    ':12:b:c:',
    'jdbc:oracle:thin:a/',
    'login a password ',
    'curl -u a:b ',
  ],
  ...[
    'PWD={a',
    'secret: Set(1) {',
    'OTP code ',
    'otp 1',
    'card 4111',
    'patpat',
    'sigsig',
    'ssn ',
    'csrf',
    'signature: ',
  ],
  ...['    at Object.query (/app/src/session/token-store.ts:120:17)\n', 'Error: connect ECONNREFUSED 127.0.0.1:5432\n'],
  ...[
    '2026-01-01T00:00:00.000Z INFO [http] GET /api/live?streamerId=42 200 12.3ms\n',
    'order 123e4567-e89b-12d3-a456-426614174000\n',
  ],
  ...[
    'http_requests_total{route="/api/token",status="200"} 17\n',
    'the token is a1b2c3d4e5 and ',
    'word1 word2 token word3 ',
  ],
  ...['Lorem ipsum dolor sit amet, consectetur adipiscing elit. ', 'A-B-C-', 'aB1', 'CamelCaseTokenCount', 'pass1 '],
  ...[
    'token\n',
    'token \n',
    'token\t',
    'token  ',
    'pin ',
    'pin pin1 ',
    'jwt:',
    'jwt ',
    'pwd;',
    'credential',
    'secrets: [',
    'auth(',
  ],
]

const ALPHABETS = [
  'abcdef0123456789',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  'tokenpasswdsecr',
  ' \n"\'\\%:=,/&?{}[]()<>',
]

/** A text of one kind: its name, and one period of it. */
export interface TextKind {
  readonly name: string
  readonly period: string
}

/** The same kinds for the same seed. */
export function kindsOfText(seed: number, mixtures: number): readonly TextKind[] {
  const random = new Random(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!
  const kinds: TextKind[] = PARTS.map((part) => ({ name: JSON.stringify(part), period: part }))
  for (const filler of [hex.slice(0, 7), ' ', 'word ', '\n', '"', '\\']) {
    for (const part of PARTS)
      kinds.push({ name: `${JSON.stringify(part)} + ${JSON.stringify(filler)}`, period: part + filler })
  }
  // Forms of secrets, what resembles them, and their beginnings, in which a rule starts but finds nothing.
  for (const text of [...Object.values(FORMS).flat(), ...SENTENCES]) {
    for (const divisor of [1, 2, 3, 4]) {
      const period = text.slice(0, Math.ceil(text.length / divisor))
      for (const filler of ['', ' ', '\n'])
        kinds.push({ name: JSON.stringify(period + filler), period: period + filler })
    }
  }
  for (const part of [
    'token',
    'token_#=',
    'x#token: ',
    'password=#&',
    '"pin": "#", ',
    'Bearer #\n',
    '/reset/#',
    '?a=#',
    '%#token',
    '#: #\n',
    'u:#@tcp(',
  ])
    kinds.push({
      name: `${JSON.stringify(part)} with numbers`,
      period: Array.from({ length: 40_000 }, (_, n) => part.replaceAll('#', `${n}`)).join(''),
    })
  for (let n = 0; n < mixtures; n++) {
    const parts = Array.from({ length: 2 + Math.floor(random.next() * 6) }, () => pick(PARTS))
    kinds.push({ name: `mixture ${JSON.stringify(parts)}`, period: parts.join('') })
    const texts = Array.from({ length: 2000 }, () => pick(PARTS))
    kinds.push({ name: `random parts ${n}`, period: texts.join('') })
    const letters = pick(ALPHABETS)
    const characters = Array.from({ length: 5000 }, () => pick(letters.split('')))
    kinds.push({
      name: `random characters of ${JSON.stringify(letters.slice(0, 16))} ${n}`,
      period: characters.join(''),
    })
  }
  return kinds
}

export function textOf({ period }: TextKind, length: number): string {
  return period.repeat(Math.ceil(length / period.length)).slice(0, length)
}

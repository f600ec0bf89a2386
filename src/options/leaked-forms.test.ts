import { describe, expect, test } from 'vitest'
import { FORMS, RANDOM, SECRETS, WORDS } from '../testing/leaked-forms.ts'
import { redactText } from './redact.ts'

describe.each(Object.entries(FORMS))('redactText masks the secret in %s:', (_, forms) => {
  test.each(forms)('%j', (text) => {
    const clean = redactText(text)
    expect(SECRETS.filter((secret) => clean.includes(secret))).toEqual([])
    expect(redactText(clean)).toBe(clean)
  })
})

test('masks the number of a card', () => {
  expect(redactText('card 4111 1111 1111 1111, 4111-1111-1111-1111')).toBe('card ***, ***')
})

test('masks only the value, not what describes it or follows it', () => {
  const texts = [
    `password: my ${WORDS}\n  ${RANDOM}\nuser: ann`,
    `token: ${RANDOM}\n    at login (/app/auth.ts:3:4)`,
    `<add key="password" value="${WORDS}"/><add key="retries" value="3"/>`,
    `Invalid API key provided: ${WORDS}`,
    `password=null; retries=3`,
    `WHERE token <> '${WORDS}' AND id <> 5`,
    `api key: ${WORDS}, attempt 3`,
  ]
  expect(texts.map((text) => redactText(text))).toEqual([
    'password: ***\nuser: ann',
    'token: ***\n    at login (/app/auth.ts:3:4)',
    '<add key="password" value="***"/><add key="retries" value="3"/>',
    'Invalid API key provided: ***',
    'password=null; retries=3',
    "WHERE token <> '***' AND id <> 5",
    'api key: ***, attempt 3',
  ])
})

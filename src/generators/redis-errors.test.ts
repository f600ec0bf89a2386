import { afterAll, beforeAll, expect, test } from 'vitest'
import { failureOf } from '../../fixtures/services/context.ts'
import { RENDEZVOUS_KINDS, type TestRendezvous } from '../testing/rendezvous-kinds.ts'
import { openRedisLog } from './redis-log.ts'

let rendezvous: TestRendezvous
let url: URL
beforeAll(async () => {
  rendezvous = await RENDEZVOUS_KINDS.Redis()
  url = new URL(rendezvous.address?.kind === 'redis' ? rendezvous.address.url : '')
})
afterAll(() => rendezvous[Symbol.asyncDispose]())

async function messageFor(text: string): Promise<string> {
  const { message } = await failureOf(() => openRedisLog(text, 'r1', 'command'))
  return message.replaceAll(url.host, 'HOST')
}

test('rejects a wrong password and does not print it', async () => {
  const message = await messageFor(`redis://:wrong-password@${url.host}`)
  expect(message).toMatch(
    /^PERF_RENDEZVOUS_URL: Redis at HOST refuses the password .*\(WRONGPASS .*\nFix: correct user/,
  )
  expect(message).not.toContain('wrong-password')
})

test('rejects a missing password', async () => {
  expect(await messageFor(`redis://${url.host}`)).toContain('refuses the password of the URL, or requires one (NOAUTH')
})

test.each(['http://:secret-word@127.0.0.1:6379', 'secret-word', ''])(
  'rejects %s and does not print it',
  async (text) => {
    const message = await messageFor(text)
    expect(message).toMatch(/^PERF_RENDEZVOUS_URL is not a Redis URL; received .*\nFix: write it as redis:/)
    expect(message).not.toContain('secret-word')
  },
)

test('rejects a host that the config does not allow, and does not print the password', async () => {
  const message = await messageFor('redis://:secret-word@redis.example.invalid:6379')
  expect(message).toContain("definePerfConfig({ allowRemote: ['redis.example.invalid'] })")
  expect(message).not.toContain('secret-word')
})

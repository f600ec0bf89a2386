import { expect, test } from 'vitest'
import { chooseProvider, type Provider } from './provider.ts'

const QUESTION = {
  service: 'postgres',
  urlVariable: 'PERF_DATABASE_URL',
  providerVariable: 'PERF_POSTGRES_PROVIDER',
}

interface Case {
  readonly env?: NodeJS.ProcessEnv
  readonly option?: Provider | 'auto'
  readonly url?: string
  readonly engine?: boolean
  readonly expected: Provider
}

const url = 'postgres://127.0.0.1/db'

test.each<Case>([
  { expected: 'embedded' },
  { engine: true, expected: 'container' },
  { url, engine: true, expected: 'external' },
  { option: 'auto', url, expected: 'external' },
  { option: 'embedded', url, engine: true, expected: 'embedded' },
  { option: 'embedded', engine: true, env: { PERF_SERVICES: 'container' }, expected: 'container' },
  { engine: true, env: { PERF_SERVICES: 'container', PERF_POSTGRES_PROVIDER: 'embedded' }, expected: 'embedded' },
  { option: 'container', url, env: { PERF_SERVICES: 'auto' }, expected: 'external' },
  { option: 'embedded', env: { PERF_SERVICES: '' }, engine: true, expected: 'embedded' },
])('chooses the provider for %o', async ({ env = {}, option, url: given, engine = false, expected }) => {
  const find = async () => (engine ? {} : undefined)
  const choosing = chooseProvider(
    { ...QUESTION, option, url: given },
    { env, log: () => {} },
    find,
    async () => undefined,
  )
  expect((await choosing).provider).toBe(expected)
})

test('rejects the provider container if no engine responds', async () => {
  const choosing = chooseProvider(
    { ...QUESTION, option: 'container', url: undefined },
    { env: {}, log: () => {} },
    async () => undefined,
  )
  await expect(choosing).rejects.toThrow(/no Docker engine responds\nFix: .*PERF_POSTGRES_PROVIDER=embedded/)
})

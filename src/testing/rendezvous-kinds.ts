import { randomUUID } from 'node:crypto'
import { testContext } from '../../fixtures/services/context.ts'
import { openRendezvous } from '../generators/index.ts'
import { LocalHub } from '../generators/local-hub.ts'
import type { GeneratorPlace, RendezvousAddress } from '../generators/place.ts'
import type { Rendezvous } from '../generators/rendezvous.ts'
import { redis } from '../services/redis/redis.ts'
import type { ServiceDisruptions } from '../services/service.ts'

/** A rendezvous for tests. */
export interface TestRendezvous extends AsyncDisposable {
  /** Not set if there is only one generator. */
  readonly address: RendezvousAddress | undefined
  readonly disruptions?: ServiceDisruptions
}

export const RENDEZVOUS_KINDS: Readonly<Record<'none' | 'local' | 'Redis', () => Promise<TestRendezvous>>> = {
  none: async () => ({ address: undefined, async [Symbol.asyncDispose]() {} }),
  local: async () => {
    const hub = await LocalHub.listen()
    return { address: { kind: 'local', ...hub.address }, [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose]() }
  },
  Redis: async () => {
    const context = await testContext()
    const service = await redis({ provider: 'embedded' }).start(context)
    return {
      address: { kind: 'redis', url: service.connection['url']! },
      ...(service.disruptions && { disruptions: service.disruptions }),
      async [Symbol.asyncDispose]() {
        await service[Symbol.asyncDispose]()
        await context[Symbol.asyncDispose]()
      },
    }
  },
}

/** Place of a generator in a test. */
export function placeOf(
  { address }: TestRendezvous,
  index: number,
  count: number,
  overrides: Partial<GeneratorPlace> = {},
): GeneratorPlace | undefined {
  if (address === undefined) return undefined
  const node = `node-${index + 1}`
  return { index, count, source: 'test', runId: 'r1', node, timeoutMs: 20_000, address, ...overrides }
}

/** All generators of a new rendezvous, in this process. */
export async function joinAll(
  rendezvous: TestRendezvous,
  count: number,
  overrides: Partial<GeneratorPlace> = {},
): Promise<readonly Rendezvous[]> {
  const name = randomUUID()
  return Promise.all(
    Array.from({ length: rendezvous.address === undefined ? 1 : count }, (_, index) =>
      openRendezvous(placeOf(rendezvous, index, count, overrides), name),
    ),
  )
}

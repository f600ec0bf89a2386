import { definePerfConfig, postgres, redis, target } from 'vitest-slo/config'
import { withServiceFaults } from './fixtures/faults/service-faults.ts'
import { webhookSecret } from './perf/telegram.ts'
import { migrate, seed, seedSessions } from './fixtures/target/database.ts'

/** The scenarios of the load-test plan, against the reference target on real Postgres and Redis. */
export default definePerfConfig({
  // A bare `vitest --config vitest.perf.config.ts` puts the small load on; `npm run perf:full` puts on all of it.
  scale: 'smoke',
  services: [
    postgres({ settings: { max_connections: 100 }, migrate, seed }),
    redis(withServiceFaults({ maxmemory: '256mb', maxmemoryPolicy: 'volatile-lru', seed: seedSessions })),
  ],
  target: target({
    command: ['node', 'fixtures/target/main.ts'],
    ready: '/healthz',
    env: { TELEGRAM_MOCK: '1', TELEGRAM_WEBHOOK_SECRET: webhookSecret },
  }),
})

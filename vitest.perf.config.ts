import { definePerfConfig, postgres, redis, target } from 'vitest-slo/config'
import { withServiceFaults } from './fixtures/faults/service-faults.ts'
import { migrate, seed, seedSessions } from './fixtures/target/database.ts'
import { webhookSecret } from './perf/telegram.ts'

/** Remote hosts of staging. A wrong URL without them must not apply load to anyone's service. */
const allowRemote = (process.env['PERF_ALLOW_REMOTE'] ?? '')
  .split(',')
  .map((host) => host.trim())
  .filter(Boolean)

/**
 * Scenarios of the load-test plan, against the reference target on real Postgres and Redis, or against a target that already
 * runs at `PERF_TARGET_URL`.
 */
export default definePerfConfig({
  // The default of `vitest --config vitest.perf.config.ts`; `npm run perf:full` applies the full load.
  scale: 'smoke',
  // Also covers metrics and pgBouncer on the host of staging.
  allowRemote,
  services: [
    postgres({ settings: { max_connections: 100 }, migrate, seed, allowRemote }),
    redis(withServiceFaults({ maxmemory: '256mb', maxmemoryPolicy: 'volatile-lru', seed: seedSessions, allowRemote })),
  ],
  target: target({
    command: ['node', 'fixtures/target/main.ts'],
    ready: '/healthz',
    // Nodes of the target share Postgres and Redis; S6 publishes on one and listens on all.
    instances: Number(process.env['PERF_TARGET_INSTANCES'] ?? 1),
    // In watch mode, a change of a fault also restarts the target.
    watch: ['fixtures/{target,faults}/**/*'],
    env: { TELEGRAM_MOCK: '1', TELEGRAM_WEBHOOK_SECRET: webhookSecret },
    allowRemote,
  }),
})

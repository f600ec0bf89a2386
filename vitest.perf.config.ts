import { definePerfConfig, postgres, redis, target } from 'vitest-slo/config'
import { withServiceFaults } from './fixtures/faults/service-faults.ts'
import { migrate, seed, seedSessions } from './fixtures/target/database.ts'
import { webhookSecret } from './perf/telegram.ts'

/** Hosts of a staging that is not this machine: a stray URL alone must not put load on anybody's. */
const allowRemote = (process.env['PERF_ALLOW_REMOTE'] ?? '')
  .split(',')
  .map((host) => host.trim())
  .filter(Boolean)

/**
 * The scenarios of the load-test plan, against the reference target on real Postgres and Redis; or against one that runs
 * already, where `PERF_TARGET_URL` says so.
 */
export default definePerfConfig({
  // A bare `vitest --config vitest.perf.config.ts` puts the small load on; `npm run perf:full` puts on all of it.
  scale: 'smoke',
  // Metrics on the host of a staging, and its pgBouncer, are covered by nothing else.
  allowRemote,
  services: [
    postgres({ settings: { max_connections: 100 }, migrate, seed, allowRemote }),
    redis(withServiceFaults({ maxmemory: '256mb', maxmemoryPolicy: 'volatile-lru', seed: seedSessions, allowRemote })),
  ],
  target: target({
    command: ['node', 'fixtures/target/main.ts'],
    ready: '/healthz',
    // Nodes of the target, which share Postgres and Redis; S6 then publishes on one and listens on all.
    instances: Number(process.env['PERF_TARGET_INSTANCES'] ?? 1),
    // In watch mode a change of a fault restarts the target too.
    watch: ['fixtures/{target,faults}/**/*'],
    env: { TELEGRAM_MOCK: '1', TELEGRAM_WEBHOOK_SECRET: webhookSecret },
    allowRemote,
  }),
})

import { expect } from 'vitest'
import { capacityMatchers } from './capacity.ts'
import { connectingMatchers } from './connecting.ts'
import { fanOutMatchers } from './fan-out.ts'
import { freshnessMatchers } from './freshness.ts'
import { latencyMatchers } from './latency.ts'
import { ledgerMatchers } from './ledger.ts'
import { metricsMatchers } from './metrics.ts'
import { requestMatchers } from './requests.ts'
import { sustainMatchers } from './sustain.ts'

expect.extend({
  ...latencyMatchers,
  ...requestMatchers,
  ...sustainMatchers,
  ...fanOutMatchers,
  ...connectingMatchers,
  ...metricsMatchers,
  ...capacityMatchers,
  ...ledgerMatchers,
  ...freshnessMatchers,
})

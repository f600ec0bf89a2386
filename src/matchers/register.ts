import { expect } from 'vitest'
import { capacityMatchers } from './capacity.ts'
import { comparisonMatchers } from './comparison.ts'
import { connectingMatchers } from './connecting.ts'
import { customMetricMatchers } from './custom-metrics.ts'
import { fanOutMatchers } from './fan-out.ts'
import { freshnessMatchers } from './freshness.ts'
import { latencyMatchers } from './latency.ts'
import { ledgerMatchers } from './ledger.ts'
import { metricsMatchers } from './metrics.ts'
import { requestMatchers } from './requests.ts'
import { sustainMatchers } from './sustain.ts'
import { timingMatchers } from './timings.ts'
// Matcher types: a declaration file keeps only these imports.
import './capacity.ts'
import './comparison.ts'
import './connecting.ts'
import './custom-metrics.ts'
import './fan-out.ts'
import './freshness.ts'
import './latency.ts'
import './ledger.ts'
import './metrics.ts'
import './requests.ts'
import './sustain.ts'
import './timings.ts'

expect.extend({
  ...latencyMatchers,
  ...requestMatchers,
  ...sustainMatchers,
  ...customMetricMatchers,
  ...timingMatchers,
  ...fanOutMatchers,
  ...connectingMatchers,
  ...metricsMatchers,
  ...capacityMatchers,
  ...ledgerMatchers,
  ...freshnessMatchers,
  ...comparisonMatchers,
})

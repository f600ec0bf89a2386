import { definePerfConfig, target } from 'vitest-slo/config'

/** The scenarios of which `npm run docs:pictures` takes pictures. */
export default definePerfConfig({
  scale: 'full',
  include: ['*.perf.ts'],
  target: target({ command: ['node', 'server.ts'], ready: '/healthz', internalPortVariable: false }),
})

import { definePerfConfig, target } from 'vitest-slo/config'

export default definePerfConfig({
  target: target({ command: ['node', 'server.js'], ready: '/healthz', internalPortVariable: false }),
})

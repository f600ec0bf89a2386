import { definePerfConfig, target } from 'vitest-slo/config'

export default definePerfConfig({
  scale: 'full',
  metrics: '/metrics',
  target: target({ command: ['node', 'src/server.ts'], ready: '/hello' }),
})

import { definePerfConfig, target } from 'vitest-slo/config'

export default definePerfConfig({
  scale: 'full',
  target: target({ command: ['node', 'src/server.ts'] }),
})

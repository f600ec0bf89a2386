import { definePerfConfig, postgres, redis } from 'vitest-slo/config'

export default definePerfConfig({
  services: [postgres({ provider: 'embedded' }), redis({ url: 'redis://127.0.0.1:6379' })],
})

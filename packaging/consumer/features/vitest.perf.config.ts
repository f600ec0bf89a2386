import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { definePerfConfig, target, type Service } from 'vitest-slo/config'

/** A service that is a file. */
const stock: Service = {
  name: 'stock',
  async start() {
    const file = join(tmpdir(), `stock-${process.pid}`)
    let times = 0
    const seed = () => writeFile(file, `seeded ${++times} times`)
    await seed()
    return {
      name: 'stock',
      provider: 'file',
      summary: 'stock, a file',
      connection: { file },
      env: {},
      reset: seed,
      [Symbol.asyncDispose]: () => rm(file),
    }
  },
}

export default definePerfConfig({
  scale: 'full',
  metrics: '/metrics',
  services: [stock],
  target: target({ command: ['node', 'src/server.ts'], ready: '/hello' }),
})

import { createServer } from 'node:http'
import { Server, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { constantVus } from '../../load/builders.ts'
import { engineFor } from '../../testing/scripted-server.ts'

test('a VU whose second connection once failed, and that needs only the first one, drops nothing', async () => {
  const server = createServer((_, response) => response.end('ok'))
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => server.closeAllConnections())
  const { http } = engineFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const run = await http.run({
    ...{ load: constantVus({ vus: 2, duration: '1s', thinkTime: '10ms' }), warmup: 0, abortWhen: false },
    flow: async ({ request, vu, iteration }) => {
      await request({ path: '/' })
      if (vu.id !== 0 || iteration !== 5) return
      // From now on, further connections are refused; open ones are kept, as `net` does it.
      Server.prototype.close.call(server)
      await request.all([{ path: '/a' }, { path: '/b' }]).catch(() => {})
    },
  })
  expect(run.errors).toEqual(new Map([['connect', 1]]))
  expect(run.dropped).toBe(0)
})

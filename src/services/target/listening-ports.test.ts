import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { listeningPorts, portsInLog } from './listening-ports.ts'

test.runIf(process.platform === 'linux')('finds the ports that a process group listens on', async () => {
  const servers = ['127.0.0.1', '::1'].map((host) => createServer().listen(0, host))
  onTestFinished(() => void servers.map((server) => server.close()))
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))))
  const [, , group] = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  const ports = listeningPorts(Number(group))
  for (const server of servers) expect(ports).toContain((server.address() as AddressInfo).port)
  expect(listeningPorts(2 ** 30)).toEqual([])
})

test.each<[string, number[]]>([
  ['listening on http://localhost:4000', [4000]],
  ['Server started on port 8080', [8080]],
  ['INFO: Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)', [8000]],
  ['Tomcat started on port(s): 8081 (http)', [8081]],
  ['ready in 300 ms', []],
  ['connected to postgres://127.0.0.1:5432/db', []],
  ['', []],
])('finds ports in the log line %j', (line, ports) => {
  expect(portsInLog([line])).toEqual(ports)
})

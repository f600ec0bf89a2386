/**
 * What do live figures cost the generator? Measures the time to build snapshots each second and to send them to another
 * process, as in a scenario, at 5,000 requests a second. Prints a table and writes `perf-report/bench/live.json`.
 *
 *     npm run bench:live
 *
 * It should be below 1% of a core.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { SnapshotMaker } from '../src/execution/request-snapshots.ts'
import { createHttp } from '../src/http/http.ts'
import { constantArrivalRate } from '../src/load/builders.ts'
import { LiveReceiver, LiveSender } from '../src/report/live/channel.ts'
import { significant } from '../src/stats/units.ts'
import { keep, median, printTable, truthServer } from './pinned.ts'

const SECONDS = 10

/** Stand-in for the main process, which only reads snapshots. */
async function listen(): Promise<void> {
  const receiver = await LiveReceiver.listen(() => {})
  process.send!(receiver.address)
  process.once('disconnect', () => void receiver.close())
}

async function measure(vus: number): Promise<{ readonly makeMs: number; readonly sendMs: number }> {
  const [makingMs, sendingMs]: [number[], number[]] = [[], []]
  const { make } = SnapshotMaker.prototype
  SnapshotMaker.prototype.make = function (...args) {
    return timed(makingMs, () => make.apply(this, args))
  }
  const reader = fork(import.meta.filename, ['listen'])
  const [address] = (await once(reader, 'message')) as [string]
  const sender = new LiveSender(address, 'test')
  await using server = await truthServer('instant')
  const http = createHttp({
    baseUrl: server.url,
    signal: new AbortController().signal,
    scale: { name: 'full', users: 1, time: 1 },
    seed: 1,
    onRun: () => {},
    onSnapshot: (snapshot) => timed(sendingMs, () => sender.send(snapshot)),
  })
  await http.run({
    load: constantArrivalRate({ rate: 5_000, vus, duration: `${SECONDS}s` }),
    request: { path: '/' },
  })
  SnapshotMaker.prototype.make = make
  await sender.close()
  reader.disconnect()
  return { makeMs: median(makingMs), sendMs: median(sendingMs) }
}

function timed<T>(into: number[], work: () => T): T {
  const startMs = performance.now()
  const result = work()
  into.push(performance.now() - startMs)
  return result
}

if (process.argv[2] === 'listen') await listen()
else {
  const found = []
  for (const vus of [100, 10_000]) found.push({ vus, ...(await measure(vus)) })
  printTable([
    ['VUs', 'made in', 'sent in', 'of a core'],
    ...found.map(({ vus, makeMs, sendMs }) => [
      vus.toLocaleString('en-US'),
      `${significant(makeMs, 3)} ms`,
      `${significant(sendMs, 3)} ms`,
      `${significant((makeMs + sendMs) / 10, 2)}%`,
    ]),
  ])
  keep('live', { secondsEach: SECONDS, found })
}

import { expect, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { messageOf } from '../testing/message-of.ts'
import { sampleFanOutRun } from '../testing/sample-runs.ts'
import './register.ts'

/** A fan-out with lags up to 109 ms, of generators whose clocks may differ. */
function run(clockErrorMs: number) {
  const evidence = { ...sampleFanOutRun()[evidenceOf](), clockErrorMs }
  return { name: 'fanOut 1', [evidenceOf]: () => evidence }
}

test('a lag is not judged by a limit below 20 times the error of the clocks', () => {
  expect(messageOf(() => expect(run(7.6)).toHaveP95Below(150))).toMatchInlineSnapshot(`
    "InvalidRunError: expect(run).toHaveP95Below(150)

    Expected: p95 lag < 150 ms
    Received: INVALID, not judged. undecided: the clocks of the generators may differ by 7.6 ms: a lag across machines can be judged by a limit of at least 152 ms, 20 times that, and the limit is 150 ms

    Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
    Fix:      run the generators on one machine or closer to the rendezvous, or judge a longer lag"
  `)
  for (const judge of [
    () => expect(run(7.6)).toHaveP95Below(50),
    () => expect(run(7.6)).not.toHaveP95Below(150),
    () => expect(run(7.6)).toDeliverWithin(150, { ratio: 0.99 }),
    () => expect(run(7.6)).not.toDeliverWithin(50, { ratio: 0.99 }),
  ])
    expect(messageOf(judge)).toContain('the clocks of the generators may differ by 7.6 ms')
})

test('a limit of 20 times the error of the clocks is judged', () => {
  expect(run(7.5)).toHaveP95Below(150)
  expect(run(7.5)).toDeliverWithin(150, { ratio: 0.99 })
})

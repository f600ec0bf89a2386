import { expect, test } from 'vitest'
import { colourMessage } from './message-colours.ts'

const marks = { expected: (text: string) => `<${text}>`, received: (text: string) => `[${text}]` }

test('colours the two values of a failure, each line of the received one separately', () => {
  const message = `S3: expect(run).toHaveP95Below(150)

Expected: p95 < 150 ms
Received: p95 = 163 ms (+8.7%)
          3 of 200 requests got no good response

Evidence: Received: 7
Fix:      Expected: 8`
  expect(colourMessage(message, marks)).toMatchInlineSnapshot(`
    "S3: expect(run).toHaveP95Below(150)

    Expected: <p95 < 150 ms>
    Received: [p95 = 163 ms (+8.7%)]
              [3 of 200 requests got no good response]

    Evidence: Received: 7
    Fix:      Expected: 8"
  `)
})

test('leaves other messages as they are', () => {
  for (const message of ['', 'Expected: 5', 'no table "votes"\nFix: migrate', 'Received: 7\nExpected: 5'])
    expect(colourMessage(message, marks)).toBe(message)
})

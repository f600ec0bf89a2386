import { expect, test } from 'vitest'
import { heartbeatNotes } from './heartbeat-notes.ts'

test('returns a note only if heartbeats got no response', () => {
  expect(heartbeatNotes(undefined)).toEqual([])
  expect(heartbeatNotes({ sent: 5, withoutResponse: undefined })).toEqual([])
  expect(heartbeatNotes({ sent: 5, withoutResponse: 0 })).toEqual([])
  expect(heartbeatNotes({ sent: 1234, withoutResponse: 1000 })).toEqual([
    '1,000 of 1,234 application heartbeats got no response',
  ])
})

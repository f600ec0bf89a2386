import { expect, test } from 'vitest'
import { createWebSocket } from '../websocket.ts'
import { readMove } from './read-moves.ts'

const read = (move: object) => readMove(3, { time: '1s', join: 'a', ...move }, 1000)

test('rejects unknown options of a move, and values that cannot be sent', () => {
  expect(() => read({ mesage: 'x' })).toThrow(
    'the moves function returned an invalid move for VU 3: it has the unknown option mesage; valid are time, join, leave, send, isDone',
  )
  for (const send of [5, Promise.resolve('x'), ['x', null]])
    expect(() => read({ send })).toThrow('send must be a message')
  expect(read({ send: ['x', { type: 'join' }] }).send).toHaveLength(2)
})

test.each([
  ['is async', async () => [], 'must be a function that is not async'],
  ['returns a promise', () => Promise.resolve([]), 'moves: the function must return a list of moves'],
  ['returns one move', () => ({ time: '1s', join: 'a' }), 'moves: the function must return a list of moves'],
  ['returns nothing', () => undefined, 'moves: the function must return a list of moves'],
])('rejects a function that %s, before any socket is opened', async (_, moves, problem) => {
  const ws = createWebSocket({
    signal: new AbortController().signal,
    scale: { name: 'full', users: 1, time: 1 },
    seed: 1,
    onRun: () => {},
  })
  const run = ws.fanOut({
    baseUrl: 'ws://127.0.0.1:9',
    path: '/',
    connections: 2,
    moves: moves as never,
    publish: { rate: 10, send: () => undefined },
    identify: () => 'other',
    duration: '1s',
  })
  await expect(run).rejects.toThrow(problem)
})

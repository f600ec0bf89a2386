import { ScenarioError } from '../../execution/scenario-error.ts'
import { durationMs } from '../../options/checks.ts'
import type { Message, Outgoing } from '../message.ts'
import { isOutgoing } from '../returned-values.ts'
import type { Move } from './fan-out-options.ts'

/** A validated move. */
export interface PlannedMove {
  readonly client: number
  /** Time since publishing began. */
  readonly atMs: number
  readonly join: readonly string[]
  readonly leave: readonly string[]
  readonly send: readonly Outgoing[]
  readonly acknowledged: ((message: Message) => boolean) | undefined
}

const MOVE = new Set<string>(['time', 'join', 'leave', 'send', 'isDone'] satisfies (keyof Move)[])

/** Validates a move. @throws {ScenarioError} if it is invalid */
export function readMove(client: number, move: Move, plannedMs: number): PlannedMove {
  const refuse = (rule: string): never => {
    throw new ScenarioError(
      `the moves function returned an invalid move for VU ${client}: ${rule}\n` +
        "Fix: write, for example, moves: (vu) => [{ time: '2s', join: 'room 7', send: { type: 'join', room: 7 } }]",
    )
  }
  if (typeof move !== 'object' || move === null) return refuse('it must be an object with time, and with join or leave')
  const unknown = Object.keys(move).find((name) => !MOVE.has(name))
  if (unknown !== undefined) return refuse(`it has the unknown option ${unknown}; valid are ${[...MOVE].join(', ')}`)
  const sent = messagesOf(move.send)
  if (!sent.every(isOutgoing))
    return refuse('send must be a message (a string, bytes, or an object to go as JSON), or a list')
  const percent = typeof move.time === 'string' ? /^(\d+(?:\.\d+)?)%$/.exec(move.time) : null
  const atMs = percent === null ? durationMs(move.time) : (Number(percent[1]) / 100) * plannedMs
  if (atMs === undefined) return refuse("time must be a duration, or a percentage of the run such as '40%'")
  if (percent !== null && Number(percent[1]) > 100)
    return refuse(`time must be at most '100%', received '${percent[0]}'`)
  const [join, leave] = [namesOf(move.join), namesOf(move.leave)]
  if (join === undefined || leave === undefined)
    return refuse('join and leave must be names of groups that are not empty')
  if (join.length + leave.length === 0) return refuse('it must join or leave a group')
  if (join.some((name) => leave.includes(name))) return refuse('it must not join and leave the same group')
  if (move.isDone !== undefined && typeof move.isDone !== 'function') return refuse('isDone must be a function')
  return { client, atMs, join, leave, send: sent, acknowledged: move.isDone }
}

/** Returns the names of groups in a value, each once; none for `undefined`, and `undefined` if the value is invalid. */
export function namesOf(value: unknown): readonly string[] | undefined {
  if (value === undefined) return []
  const names: readonly unknown[] = Array.isArray(value) ? value : [value]
  return names.every((name) => typeof name === 'string' && name !== '') ? [...new Set(names as string[])] : undefined
}

export function messagesOf(messages: Outgoing | readonly Outgoing[] | undefined): readonly Outgoing[] {
  if (messages === undefined) return []
  return isList(messages) ? messages : [messages]
}

function isList(messages: Outgoing | readonly Outgoing[]): messages is readonly Outgoing[] {
  return Array.isArray(messages)
}

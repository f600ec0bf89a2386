import { describe, expect, test } from 'vitest'
import { dropPostgresConnections, killTarget, pauseRedis, restartRedis, type Moment } from './schedule.ts'

describe('scheduled disruptions', () => {
  test('are plain data with defaults filled in', () => {
    expect(killTarget({ time: '40%' })).toEqual({
      label: 'killTarget at 40%',
      share: 0.4,
      disruption: { kind: 'killTarget', instance: 0, downMs: 1_000 },
    })
    expect(killTarget({ time: 2_500, instance: 1, downtime: 0 })).toEqual({
      label: 'killTarget at 2500ms',
      atMs: 2_500,
      disruption: { kind: 'killTarget', instance: 1, downMs: 0 },
    })
    expect(dropPostgresConnections({ time: '2s' })).toEqual({
      label: 'dropPostgresConnections at 2s',
      atMs: 2_000,
      disruption: { kind: 'dropConnections' },
    })
    expect(pauseRedis({ time: '12.5%', duration: '1s' })).toMatchObject({
      share: 0.125,
      disruption: { kind: 'pause', forMs: 1_000 },
    })
    expect(restartRedis({ time: '0%', service: 'cache' })).toMatchObject({
      share: 0,
      disruption: { kind: 'restart', service: 'cache' },
    })
  })

  test('report all invalid options in one error', () => {
    const wrong = { time: 'soon' as Moment, instance: -1, downtime: -5, hard: true }
    expect(() => killTarget(wrong)).toThrow(
      /killTarget\(\) received 4 invalid options[^]*hard: unknown option[^]*time: must be a duration[^]*instance: must be an integer at least 0[^]*downtime: must be a duration/,
    )
    expect(() => restartRedis({ time: '100%' })).toThrow('time: must be a percentage of the run below 100%')
    expect(() => pauseRedis({ time: '1s', duration: 0, service: '' })).toThrow(
      /service: must be the name[^]*duration: must be a duration/,
    )
    expect(() => dropPostgresConnections(undefined as never)).toThrow('options: must be an object')
  })
})

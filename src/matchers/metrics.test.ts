import { describe, expect, test } from 'vitest'
import { metricsOf, type HitRatioEvidence } from '../evidence/utilization-evidence.ts'
import { messageOf } from '../testing/message-of.ts'
import type { MetricsSource } from './window-subject.ts'
import './register.ts'

const names = { hits: 'cache_hits_total{cache="a"}', misses: 'cache_misses_total{cache="a"}' }

function metrics(hits: number, misses: number, more: Partial<HitRatioEvidence> = {}): MetricsSource {
  const evidence: HitRatioEvidence = {
    ...{ hits, misses, invalidities: [], unavailable: undefined },
    evidenceLines: [
      'steady phase, 10 scrapes over 9.30 s',
      `cache_hits_total{cache="a"} +${hits}   cache_misses_total{cache="a"} +${misses}`,
    ],
    ...more,
  }
  return {
    [metricsOf]: () => ({
      hitRatio: () => evidence,
      share: () => {
        throw new Error('not used here')
      },
    }),
  }
}

/** Cast for arguments that would not compile. */
const untyped = (value: unknown) => value as never

describe('toHaveCacheHitRatioAbove', () => {
  test('judges in both polarities', () => {
    expect(metrics(81, 19)).toHaveCacheHitRatioAbove(0.8, names)
    expect(metrics(80, 20)).not.toHaveCacheHitRatioAbove(0.8, names)
    expect(messageOf(() => expect(metrics(300, 1_200)).toHaveCacheHitRatioAbove(0.8, names))).toMatchInlineSnapshot(`
      "Error: expect(metrics).toHaveCacheHitRatioAbove(0.8, { hits: 'cache_hits_total{cache="a"}', misses: 'cache_misses_total{cache="a"}' })

      Expected: cache hit ratio > 80%
      Received: cache hit ratio = 20% (−75%) (300 of 1,500 look-ups)

      Evidence: steady phase, 10 scrapes over 9.30 s
                cache_hits_total{cache="a"} +300   cache_misses_total{cache="a"} +1200
      Fix:      raise the size or the time-to-live of the cache, or let the load repeat its keys as users do"
    `)
    expect(messageOf(() => expect(metrics(90, 10)).not.toHaveCacheHitRatioAbove(0.8, names))).toMatchInlineSnapshot(`
      "Error: expect(metrics).not.toHaveCacheHitRatioAbove(0.8, { hits: 'cache_hits_total{cache="a"}', misses: 'cache_misses_total{cache="a"}' })

      Expected: cache hit ratio ≤ 80%
      Received: cache hit ratio = 90% (+12.5%) (90 of 100 look-ups)

      Evidence: steady phase, 10 scrapes over 9.30 s
                cache_hits_total{cache="a"} +90   cache_misses_total{cache="a"} +10
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('fails with a ratio of 0 if there are only misses', () => {
    expect(messageOf(() => expect(metrics(0, 100)).toHaveCacheHitRatioAbove(0.8, names))).toContain(
      'Received: cache hit ratio = 0%',
    )
  })

  test('is invalid in both polarities if a counter is missing', () => {
    const finding = 'the target exposes no metric cache_hits_total; the most similar are cache_hit_total'
    const missing = metrics(0, 5, { invalidities: [{ reason: 'metric-missing', finding, fix: 'name one' }] })
    expect(messageOf(() => expect(missing).toHaveCacheHitRatioAbove(0.8, names))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(metrics).toHaveCacheHitRatioAbove(0.8, { hits: 'cache_hits_total{cache="a"}', misses: 'cache_misses_total{cache="a"}' })

      Expected: cache hit ratio > 80%
      Received: INVALID, not judged. metric-missing: the target exposes no metric cache_hits_total; the most similar are cache_hit_total

      Evidence: steady phase, 10 scrapes over 9.30 s
                cache_hits_total{cache="a"} +0   cache_misses_total{cache="a"} +5
      Fix:      name one"
    `)
    expect(messageOf(() => expect(missing).not.toHaveCacheHitRatioAbove(0.8, names))).toMatch(/^InvalidRunError/)
  })

  test('is invalid with too few lookups', () => {
    expect(messageOf(() => expect(metrics(3, 1)).not.toHaveCacheHitRatioAbove(0.8, names))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(metrics).not.toHaveCacheHitRatioAbove(0.8, { hits: 'cache_hits_total{cache="a"}', misses: 'cache_misses_total{cache="a"}' })

      Expected: cache hit ratio ≤ 80%
      Received: INVALID, not judged. too-few-samples: cache hit ratio needs at least 5 look-ups, the scope judged has 4

      Evidence: steady phase, 10 scrapes over 9.30 s
                cache_hits_total{cache="a"} +3   cache_misses_total{cache="a"} +1
      Fix:      measure at least 1.3 times as many"
    `)
  })

  test('is skipped with the reason if metrics are unavailable', ({ task }) => {
    const unavailableSource = metrics(0, 0, { unavailable: 'its metrics cannot be read' })
    expect(unavailableSource).toHaveCacheHitRatioAbove(0.8, names)
    expect(unavailableSource).not.toHaveCacheHitRatioAbove(0.8, names)
    expect(task.meta.slo?.assertions).toMatchObject([
      { outcome: 'skipped', received: 'not checked: its metrics cannot be read' },
      { outcome: 'skipped' },
    ])
  })

  test('reports every invalid argument in one error', () => {
    const wrong = () => expect(metrics(1, 1)).toHaveCacheHitRatioAbove(80, untyped({ hits: '', hit: 'x' }))
    expect(messageOf(wrong)).toMatchInlineSnapshot(`
      "OptionsError: toHaveCacheHitRatioAbove() received 4 invalid options:

        ratio: must be a ratio above 0 and below 1, not percent; for 80% write 0.8
          Received: 80
          Fix:      write, for example, toHaveCacheHitRatioAbove(0.8, { hits: 'cache_hits_total', misses: 'cache_misses_total' })
        options.hit: unknown option; did you mean hits? Valid options: hits, misses
          Received: 'x'
          Fix:      write hits: 'x'
        options.hits: must select a counter of the target
          Received: ''
          Fix:      write, for example, hits: 'cache_hits_total{cache="streamers"}'
        options.misses: must select a counter of the target
          Received: undefined
          Fix:      write, for example, misses: 'cache_misses_total{cache="streamers"}'"
    `)
    expect(messageOf(() => expect(metrics(1, 1)).toHaveCacheHitRatioAbove(0.8, untyped(undefined)))).toContain(
      '2 invalid options',
    )
  })
})

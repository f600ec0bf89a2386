import { describe, expect, test } from 'vitest'
import { parseExposition } from './exposition.ts'

describe('parseExposition', () => {
  test('reads counters, gauges, histograms and summaries with labels, escapes and special values', () => {
    const { samples, types } = parseExposition(
      [
        '# HELP http_requests_total Requests, "quoted".',
        '# TYPE http_requests_total counter',
        'http_requests_total{method="GET",path="/a\\"b\\\\c\\nd"} 1027 1395066363000',
        '# TYPE temperature gauge',
        'temperature NaN',
        'pressure{} -Inf',
        '# TYPE latency_seconds histogram',
        'latency_seconds_bucket{le="0.1"} 3',
        'latency_seconds_bucket{le="+Inf"} +Inf',
        '# TYPE rpc summary',
        'rpc{quantile="0.99",} 1.5e-3',
        '',
      ].join('\n'),
    )
    expect(samples).toEqual([
      { name: 'http_requests_total', labels: { method: 'GET', path: '/a"b\\c\nd' }, value: 1027 },
      { name: 'temperature', labels: {}, value: Number.NaN },
      { name: 'pressure', labels: {}, value: Number.NEGATIVE_INFINITY },
      { name: 'latency_seconds_bucket', labels: { le: '0.1' }, value: 3 },
      { name: 'latency_seconds_bucket', labels: { le: '+Inf' }, value: Number.POSITIVE_INFINITY },
      { name: 'rpc', labels: { quantile: '0.99' }, value: 0.0015 },
    ])
    expect(Object.fromEntries(types)).toEqual({
      http_requests_total: 'counter',
      temperature: 'gauge',
      latency_seconds: 'histogram',
      rpc: 'summary',
    })
  })

  test('reads OpenMetrics with exemplars, units and its end mark', () => {
    const { samples } = parseExposition(
      [
        '# TYPE foo_seconds counter',
        '# UNIT foo_seconds seconds',
        'foo_seconds_total{a="x,y}"} 17.0 1520879607.789 # {trace_id="abc"} 0.5',
        '# EOF',
      ].join('\n'),
    )
    expect(samples).toEqual([{ name: 'foo_seconds_total', labels: { a: 'x,y}' }, value: 17 }])
  })

  test.each([
    ['<!doctype html>', 'line 1 is no metric: <!doctype html>'],
    ['up 1\n{"status":"ok"}', 'line 2 is no metric: {"status":"ok"}'],
    ['up one', 'line 1 is no metric: up one'],
    ['up{a="b} 1', 'line 1 is no metric: up{a="b} 1'],
    ['up', 'line 1 is no metric: up'],
  ])('refuses %j', (text, message) => {
    expect(() => parseExposition(text)).toThrow(message)
  })
})

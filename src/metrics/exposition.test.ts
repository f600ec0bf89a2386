import { describe, expect, test } from 'vitest'
import { readLine, showUnreadable, UNREADABLE_NAME, type UnreadableLine } from './exposition.ts'
import { parseSeriesName, type SeriesName } from './series-name.ts'

function readAll(text: string) {
  const samples: (SeriesName & { value: number })[] = []
  const types = new Map<string, string>()
  const unreadable: UnreadableLine[] = []
  const reader = {
    sample(series: string, value: number) {
      const name = parseSeriesName(series)
      if (name !== undefined) samples.push({ ...name, value })
      return name === undefined ? UNREADABLE_NAME : undefined
    },
    type: (family: string, type: string) => void types.set(family, type),
    unreadable: (line: UnreadableLine) => void unreadable.push(line),
  }
  for (const [index, line] of text.split('\n').entries()) readLine(line, index + 1, reader, 0)
  return { samples, types, unreadable }
}

describe('readLine', () => {
  test('reads counters, gauges, histograms and summaries with labels, escapes and special values', () => {
    const { samples, types } = readAll(
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
    const { samples } = readAll(
      [
        '# TYPE foo_seconds counter',
        '# UNIT foo_seconds seconds',
        'foo_seconds_total{a="x,y}"} 17.0 1520879607.789 # {trace_id="abc"} 0.5',
        '# EOF',
      ].join('\n'),
    )
    expect(samples).toEqual([{ name: 'foo_seconds_total', labels: { a: 'x,y}' }, value: 17 }])
  })

  test('reads names of any characters in quotes', () => {
    const { samples, types, unreadable } = readAll(
      [
        '# TYPE "my.metric" counter',
        '{"my.metric"} 1',
        '{"my.metric", label="x"} 2',
        '{ "my.metric" , "a label"="{,}\\"" , } 3 1395066363000',
        'plain{"http.status"="200"} 4',
        '{"größe"}5',
        '{"my.metric"} 6 # {trace_id="a"} 0.5 1.5',
      ].join('\n'),
    )
    expect(unreadable).toEqual([])
    expect(samples).toEqual([
      { name: 'my.metric', labels: {}, value: 1 },
      { name: 'my.metric', labels: { label: 'x' }, value: 2 },
      { name: 'my.metric', labels: { 'a label': '{,}"' }, value: 3 },
      { name: 'plain', labels: { 'http.status': '200' }, value: 4 },
      { name: 'größe', labels: {}, value: 5 },
      { name: 'my.metric', labels: {}, value: 6 },
    ])
    expect(Object.fromEntries(types)).toEqual({ 'my.metric': 'counter' })
  })

  test.each([
    ['<!doctype html>', 'line 2 cannot be read (no name and labels): <!doctype html>'],
    ['{"status":"ok"}', 'line 2 cannot be read (the value is not a number): {"status":"ok"}'],
    ['up one', 'line 2 cannot be read (the value is not a number): up one'],
    ['up 1,5', 'line 2 cannot be read (the value is not a number): up 1,5'],
    ['up 1 of 5', 'line 2 cannot be read (text after the value): up 1 of 5'],
    ['up{a="b} 1', 'line 2 cannot be read (no name and labels): up{a="b} 1'],
    ['up{a="b",a="c"} 1', 'line 2 cannot be read (no name and labels): up{a="b",a="c"} 1'],
    ['up{"down"} 1', 'line 2 cannot be read (no name and labels): up{"down"} 1'],
    ['{a="b"} 1', 'line 2 cannot be read (no name and labels): {a="b"} 1'],
    ['up', 'line 2 cannot be read (no name and labels): up'],
  ])('lists %j and reads the lines around it', (line, message) => {
    const { samples, unreadable } = readAll(`before 1\n${line}\nafter NAN\r\n`)
    expect(unreadable.map(showUnreadable)).toEqual([message])
    expect(samples).toEqual([
      { name: 'before', labels: {}, value: 1 },
      { name: 'after', labels: {}, value: Number.NaN },
    ])
  })

  test('reads labels with the names of object properties', () => {
    const { samples } = readAll('n{constructor="a",__proto__="b"} 1')
    expect(Object.entries(samples[0]!.labels)).toEqual([
      ['constructor', 'a'],
      ['__proto__', 'b'],
    ])
  })
})

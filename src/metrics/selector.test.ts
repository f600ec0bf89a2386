import { expect, test } from 'vitest'
import { parseSelector, selects, showSelector, withLabels } from './selector.ts'

const series = { name: 'http_requests_total', labels: { status: '503', path: '/a"b' } }

test.each([
  ['http_requests_total', true],
  [' http_requests_total {status="503"} ', true],
  ['http_requests_total{status="503",}', true],
  ['http_requests_total{status="200"}', false],
  ['http_requests_total{status!="200"}', true],
  ['http_requests_total{status=~"5.."}', true],
  ['http_requests_total{status=~"5"}', false],
  ['http_requests_total{status!~"5..|429"}', false],
  ['http_requests_total{path="/a\\"b"}', true],
  ['http_requests_total{method=""}', true],
  ['http_requests_total{method!=""}', false],
  ['http_requests', false],
  ['{"http_requests_total"}', true],
  ['{"http_requests_total", "status"="503"}', true],
  ['{__name__="http_requests_total", status=~"5.."}', true],
])('%s picks it: %s', (text, expected) => {
  expect(selects(parseSelector(text), series)).toBe(expected)
})

test.each(['a b', 'a{b=1}', 'a{b="1"', '{b="1"}', '', 'a{b="1" c="2"}', 'a{"b"}', '{"a","b"}', '{""}'])(
  '%j is not a selector',
  (text) => {
    expect(() => parseSelector(text)).toThrow(TypeError)
  },
)

test('rejects an invalid regular expression', () => {
  expect(() => parseSelector('a{b=~"("}')).toThrow(
    '"a{b=~\\"(\\"}": "(" is not a valid regular expression\nFix: correct the pattern after =~',
  )
})

test('is shown as written, with additional labels', () => {
  const selector = withLabels(parseSelector('n{a!="1"}'), { route: '/api/"me"' })
  expect(showSelector(selector)).toBe('n{a!="1", route="/api/\\"me\\""}')
  expect(parseSelector(showSelector(selector))).toEqual(selector)
  const quoted = parseSelector('{"my.metric", "my.label"!~"a\\nb"}')
  expect(showSelector(quoted)).toBe('{"my.metric", "my.label"!~"a\\nb"}')
})

import { describe, expect, it } from 'vitest'
import { OptionsError, Problems } from './problems.ts'

describe('Problems', () => {
  it('throws nothing if no mistake was added', () => {
    expect(() => new Problems().throwIfAny('http.run()')).not.toThrow()
  })

  it('names every mistake in one message', () => {
    const problems = new Problems()
    problems.add('load', undefined, 'must be a load', "load: constantVus({ vus: 5, duration: '2m' })")
    problems.add('request', function send() {}, 'must be an object', "request: { path: '/' }")
    problems.add('timeout', 'x'.repeat(500), 'must be a duration', "timeout: '2s'")
    problems.add(
      'data',
      Array.from({ length: 100 }, (_, at) => at),
      'must not be empty',
      'data: [{}]',
    )
    expect(() => problems.throwIfAny('http.run()')).toThrowErrorMatchingInlineSnapshot(`
      [OptionsError: http.run() received 4 invalid options:

        load: must be a load
          Received: undefined
          Fix:      write, for example, load: constantVus({ vus: 5, duration: '2m' })
        request: must be an object
          Received: a function named send
          Fix:      write, for example, request: { path: '/' }
        timeout: must be a duration
          Received: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'... 420 more characters
          Fix:      write, for example, timeout: '2s'
        data: must not be empty
          Received: [ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 3…
          Fix:      write, for example, data: [{}]]
    `)
  })

  it('keeps every mistake as data', () => {
    const problems = new Problems()
    problems.add('vus', -1, 'must be above 0', 'vus: 5')
    const thrown = captured(() => problems.throwIfAny('constantVus()'))
    expect(thrown).toBeInstanceOf(OptionsError)
    expect(thrown).toMatchObject({ name: 'OptionsError', problems: problems.found })
  })

  it('masks secrets in the message and in the data that a reporter writes', () => {
    const problems = new Problems()
    problems.add('postgres.url', 'postgres://app:hunter22@db/app', 'must be reachable', 'url: …')
    problems.add('target.token', 'opensesame-123', 'must be a file', "tokenFile: './token'")
    problems.add('login.password.first', 'open-says-me', 'must be a number', 'first: 1')
    problems.add('body', { password: { v: 'open-nested' } }, 'must be flat', 'body: {}')
    problems.add('headers', { authorization: 'Bearer abcdef123456', accept: '*/*' }, 'must be text', 'headers: {}')
    const thrown = captured(() => problems.throwIfAny('definePerfConfig()'))
    for (const text of [String(thrown), JSON.stringify(thrown)])
      for (const secret of ['hunter22', 'opensesame', 'open-says-me', 'open-nested', 'abcdef123456'])
        expect(text).not.toContain(secret)
    expect(String(thrown)).toContain('postgres://app:***@db/app')
    expect(String(thrown)).toContain('*/*')
  })

  it('adds the mistakes of a nested value under its path', () => {
    const inner = new Problems()
    inner.add('', 1, 'rule', 'example')
    inner.add('vus', 1, 'rule', 'example')
    inner.add('[2].target', 1, 'rule', 'example')
    const outer = new Problems()
    outer.merge('load', inner.found)
    outer.merge('', inner.found)
    expect(outer.found.map(({ path }) => path)).toEqual(['load', 'load.vus', 'load[2].target', '', 'vus', '[2].target'])
  })
})

function captured(throws: () => void): unknown {
  try {
    throws()
  } catch (error) {
    return error
  }
  return undefined
}

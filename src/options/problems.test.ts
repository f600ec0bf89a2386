import { describe, expect, it } from 'vitest'
import { OptionsError, Problems } from './problems.ts'
import { redactGiven, redactText } from './redact.ts'

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

  it('stays readable when reports mask its message and data, except received strings', () => {
    const problems = new Problems()
    problems.add('cookies', 5, 'must be true or false', 'cookies: true')
    problems.add('auth', 'opensesame-123', 'must be a function', 'auth: async () => ({ token: await login() })')
    problems.add('data', [{ token: 'opensesame-123', id: 7 }], 'must be a function', "data: [{ token: 'abc' }]")
    problems.add('headers.authorization', true, 'must be a string', "authorization: 'Bearer abc'")
    problems.add('session.token', null, 'must be a string', "token: 'abc'")
    problems.add('secrets', () => 'a', "must be a list of names: ['API_TOKEN']", "secrets: ['STAGING_TOKEN']")
    problems.add('login.password', { value: 5, at: 'opensesame-123' }, 'must be a string', "password: 'abc'")
    problems.add('url', 'http://u:opensesame-123@h/', 'must have no password', 'url: env.URL')
    const thrown = captured(() => problems.throwIfAny('http.run()')) as OptionsError
    expect(redactText(`${thrown.name}: ${thrown.message}\n    at load (/app/auth.perf.ts:3:4)`)).toMatchInlineSnapshot(`
      "OptionsError: http.run() received 8 invalid options:

        cookies: must be true or false
          Received: 5
          Fix:      write, for example, cookies: true
        auth: must be a function
          Received: '***'
          Fix:      write, for example, auth: async () => ({ token: await login() })
        data: must be a function
          Received: [ { token: '***', id: 7 } ]
          Fix:      write, for example, data: [{ token: 'abc' }]
        headers.authorization: must be a string
          Received: true
          Fix:      write, for example, authorization: 'Bearer abc'
        session.token: must be a string
          Received: null
          Fix:      write, for example, token: 'abc'
        secrets: must be a list of names: ['API_TOKEN']
          Received: a function
          Fix:      write, for example, secrets: ['STAGING_TOKEN']
        login.password: must be a string
          Received: { value: 5, at: '***' }
          Fix:      write, for example, password: 'abc'
        url: must have no password
          Received: 'http://u:***@h/'
          Fix:      write, for example, url: env.URL
          at load (/app/auth.perf.ts:3:4)"
    `)
    expect(redactGiven(thrown.problems)).toEqual(thrown.problems)
    expect(redactGiven(thrown.problems, ['must be a function'])[1]!.rule).toBe('***')
    const forged = 'the server got an invalid option\n  token: opensesame-123\n    Received: x'
    expect(redactText(forged)).not.toContain('opensesame')
  })

  it('shows options of auth and session, except those that hold secrets', () => {
    const problems = new Problems()
    const paths = [
      'auth.refreshBefore',
      'session.mode',
      'auth',
      'auth.0',
      'auth.token',
      'login.password.0',
      'token.type',
    ]
    for (const path of paths) problems.add(path, 'soon', 'must be a duration', '1s')
    expect(problemsOf(problems)).toEqual([
      ['auth.refreshBefore', 'soon'],
      ['session.mode', 'soon'],
      ['auth', '***'],
      ['auth.0', '***'],
      ['auth.token', '***'],
      ['login.password.0', '***'],
      ['token.type', '***'],
    ])
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

function problemsOf(problems: Problems): readonly (readonly [path: string, received: unknown])[] {
  const { problems: found } = captured(() => problems.throwIfAny('http.run()')) as OptionsError
  return found.map(({ path, received }) => [path, received])
}

function captured(throws: () => void): unknown {
  try {
    throws()
  } catch (error) {
    return error
  }
  return undefined
}

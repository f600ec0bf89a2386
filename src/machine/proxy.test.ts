import { expect, test } from 'vitest'
import { proxyVariableFor } from './proxy.ts'

const PROXY = 'http://proxy.example.com:3128'
const of = (url: string, env: NodeJS.ProcessEnv) => proxyVariableFor(new URL(url), env)

test.each([
  ['http://staging.example.com', { HTTP_PROXY: PROXY }, 'HTTP_PROXY'],
  ['http://staging.example.com', { http_proxy: PROXY, HTTP_PROXY: PROXY }, 'http_proxy'],
  ['https://staging.example.com', { HTTPS_PROXY: PROXY }, 'HTTPS_PROXY'],
  ['https://staging.example.com', { HTTP_PROXY: PROXY }, undefined],
  ['http://staging.example.com', { HTTPS_PROXY: PROXY }, undefined],
  ['ws://staging.example.com/live', { HTTP_PROXY: PROXY }, 'HTTP_PROXY'],
  ['wss://staging.example.com/live', { https_proxy: PROXY }, 'https_proxy'],
  ['https://staging.example.com', { ALL_PROXY: PROXY }, 'ALL_PROXY'],
  ['https://staging.example.com', { HTTPS_PROXY: ' ' }, undefined],
  ['https://staging.example.com', {}, undefined],
  ['http://127.0.0.1:3000', { HTTP_PROXY: PROXY, ALL_PROXY: PROXY }, undefined],
  ['http://localhost:3000', { HTTP_PROXY: PROXY }, undefined],
  ['http://[::1]:3000', { HTTP_PROXY: PROXY }, undefined],
  // A name below localhost may resolve to any address.
  ['http://app.localhost:3000', { HTTP_PROXY: PROXY }, 'HTTP_PROXY'],
])('the proxy variable for %s with %o is %s', (url, env, variable) => {
  expect(of(url, env)).toBe(variable)
})

test.each([
  ['http://staging.example.com', '*', true],
  ['http://staging.example.com', 'staging.example.com', true],
  ['http://STAGING.example.com', 'other, Staging.Example.com', true],
  ['http://staging.example.com.', 'staging.example.com', true],
  ['http://staging.example.com', 'example.com', true],
  ['http://staging.example.com', '.example.com', true],
  ['http://staging.example.com', '*.example.com', true],
  ['http://staging.example.com', 'ample.com', false],
  ['http://staging.example.com', 'example.org internal', false],
  ['http://staging.example.com', 'staging.example.com:80', true],
  ['https://staging.example.com', 'staging.example.com:443', true],
  ['http://staging.example.com:8080', 'staging.example.com:80', false],
  ['http://10.1.2.3', '10.1.2.3', true],
  ['http://10.1.2.3', '10.0.0.0/8', true],
  ['http://11.1.2.3', '10.0.0.0/8', false],
  ['http://10.1.2.3', '1.2.3', false],
  ['http://[fd00::7]:3000', '[fd00::7]:3000', true],
  ['http://[fd00::7]:3000', 'fd00::7', true],
  ['http://[fd00::7]:3000', '[fd00::7]:3001', false],
  ['http://staging.example.com', ',,', false],
])('for %s, NO_PROXY=%s excepts: %s', (url, noProxy, isExcepted) => {
  expect(of(url, { HTTP_PROXY: PROXY, NO_PROXY: noProxy })).toBe(isExcepted ? undefined : 'HTTP_PROXY')
})

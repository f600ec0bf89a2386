import { expect, test } from 'vitest'
import { OptionsError, type Problem } from '../options/problems.ts'
import { postgres, type PostgresOptions } from './postgres/postgres.ts'
import { redis, type RedisOptions } from './redis/redis.ts'

const messageOf = (problems: readonly Problem[] = []) => new OptionsError('definePerfConfig()', problems).message

/** Common to both kinds of databases. */
const wrong = { provider: 'docker', url: 5, image: 8, seed: 'seed.sql', allowRemote: 'db', allowReset: 'yes', name: '' }

test('every mistake in the options of postgres() is named', () => {
  const options = { ...wrong, settings: { max_connections: true, 'a b': 1 }, migrate: 'up', keep: [''], colour: 1 }
  expect(messageOf(postgres(options as unknown as PostgresOptions).problems)).toMatchInlineSnapshot(`
    "definePerfConfig() received 12 invalid options:

      colour: is not an option here; valid are provider, url, image, seed, env, allowRemote, allowReset, name, settings, migrate, keep
        received: 1
        example:  without colour
      provider: must be auto, container, embedded or external
        received: 'docker'
        example:  provider: 'auto'
      url: must be a string
        received: 'number'
        example:  url: process.env.URL
      image: must be a string
        received: 8
        example:  image: 'redis:8'
      seed: must be a function
        received: 'seed.sql'
        example:  seed: async (connection) => {}
      allowRemote: must be a list of host names
        received: 'db'
        example:  allowRemote: ['staging.example.com']
      allowReset: must be true or false
        received: 'yes'
        example:  allowReset: true
      name: must be a string
        received: ''
        example:  name: 'orders'
      settings.max_connections: must be a string or a number, with the name of a Postgres setting
        received: true
        example:  settings: { max_connections: 200 }
      settings.a b: must be a string or a number, with the name of a Postgres setting
        received: 1
        example:  settings: { max_connections: 200 }
      migrate: must be a function
        received: 'up'
        example:  migrate: async (connection) => {}
      keep: must be a list of tables
        received: [ '' ]
        example:  keep: ['public.schema_migrations']"
  `)
})

test('every mistake in the options of redis() is named', () => {
  const options = { ...wrong, maxmemory: 'much', maxmemoryPolicy: 'lru' }
  expect(messageOf(redis(options as unknown as RedisOptions).problems)).toMatchInlineSnapshot(`
    "definePerfConfig() received 9 invalid options:

      provider: must be auto, container, embedded or external
        received: 'docker'
        example:  provider: 'auto'
      url: must be a string
        received: 'number'
        example:  url: process.env.URL
      image: must be a string
        received: 8
        example:  image: 'redis:8'
      seed: must be a function
        received: 'seed.sql'
        example:  seed: async (connection) => {}
      allowRemote: must be a list of host names
        received: 'db'
        example:  allowRemote: ['staging.example.com']
      allowReset: must be true or false
        received: 'yes'
        example:  allowReset: true
      name: must be a string
        received: ''
        example:  name: 'orders'
      maxmemory: must be a number of bytes, or one with kb, mb or gb
        received: 'much'
        example:  maxmemory: '64mb'
      maxmemoryPolicy: must be one of noeviction, allkeys-lru, allkeys-lfu, allkeys-random, volatile-lru, volatile-lfu, volatile-random, volatile-ttl
        received: 'lru'
        example:  maxmemoryPolicy: 'volatile-lru'"
  `)
})

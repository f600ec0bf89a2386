import { expect, test } from 'vitest'
import { OptionsError, type Problem } from '../options/problems.ts'
import { postgres, type PostgresOptions } from './postgres/postgres.ts'
import { redis, type RedisOptions } from './redis/redis.ts'

const messageOf = (problems: readonly Problem[] = []) => new OptionsError('definePerfConfig()', problems).message

/** Common to both kinds of databases. */
const wrong = { provider: 'docker', url: 5, image: 8, seed: 'seed.sql', allowRemote: 'db', allowReset: 'yes', name: '' }

test('every mistake in the options of postgres() is named', () => {
  const options = {
    ...wrong,
    settings: { max_connections: true, 'a b': 1 },
    migrate: 'up',
    keptTables: [''],
    colour: 1,
  }
  expect(messageOf(postgres(options as unknown as PostgresOptions).problems)).toMatchInlineSnapshot(`
    "definePerfConfig() received 12 invalid options:

      colour: unknown option. Valid options: provider, image, seed, env, allowRemote, allowReset, name, url, settings, migrate, keptTables
        Received: 1
        Fix:      remove colour
      provider: must be auto, container, embedded or external
        Received: 'docker'
        Fix:      write, for example, provider: 'auto'
      image: must be a string
        Received: 8
        Fix:      write, for example, image: 'redis:8'
      seed: must be a function
        Received: 'seed.sql'
        Fix:      write, for example, seed: async (connection) => {}
      allowRemote: must be a list of host names
        Received: 'db'
        Fix:      write, for example, allowRemote: ['staging.example.com']
      allowReset: must be true or false
        Received: 'yes'
        Fix:      write, for example, allowReset: true
      name: must be a string
        Received: ''
        Fix:      write, for example, name: 'orders'
      url: must be the URL of a PostgreSQL server
        Received: 'number'
        Fix:      write, for example, url: 'postgres://user:password@127.0.0.1:5432/shop'
      settings.max_connections: must be a string or a number, with the name of a Postgres setting
        Received: true
        Fix:      write, for example, settings: { max_connections: 200 }
      settings.a b: must be a string or a number, with the name of a Postgres setting
        Received: 1
        Fix:      write, for example, settings: { max_connections: 200 }
      migrate: must be a function
        Received: 'up'
        Fix:      write, for example, migrate: async (connection) => {}
      keptTables: must be a list of tables
        Received: [ '' ]
        Fix:      write, for example, keptTables: ['public.schema_migrations']"
  `)
})

test('every mistake in the options of redis() is named', () => {
  const options = { ...wrong, maxmemory: 'much', maxmemoryPolicy: 'lru' }
  expect(messageOf(redis(options as unknown as RedisOptions).problems)).toMatchInlineSnapshot(`
    "definePerfConfig() received 9 invalid options:

      provider: must be auto, container, embedded or external
        Received: 'docker'
        Fix:      write, for example, provider: 'auto'
      image: must be a string
        Received: 8
        Fix:      write, for example, image: 'redis:8'
      seed: must be a function
        Received: 'seed.sql'
        Fix:      write, for example, seed: async (connection) => {}
      allowRemote: must be a list of host names
        Received: 'db'
        Fix:      write, for example, allowRemote: ['staging.example.com']
      allowReset: must be true or false
        Received: 'yes'
        Fix:      write, for example, allowReset: true
      name: must be a string
        Received: ''
        Fix:      write, for example, name: 'orders'
      url: must be the URL of a Redis server
        Received: 'number'
        Fix:      write, for example, url: 'redis://127.0.0.1:6379'
      maxmemory: must be a number of bytes, or one with kb, mb or gb
        Received: 'much'
        Fix:      write, for example, maxmemory: '64mb'
      maxmemoryPolicy: must be one of noeviction, allkeys-lru, allkeys-lfu, allkeys-random, volatile-lru, volatile-lfu, volatile-random, volatile-ttl
        Received: 'lru'
        Fix:      write, for example, maxmemoryPolicy: 'volatile-lru'"
  `)
})

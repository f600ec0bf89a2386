import { expect, test } from 'vitest'
import { storeLocation } from './store-location.ts'

test.for([
  ['postgres://u:p@127.0.0.1:9/db', '127.0.0.1:9'],
  ['postgres://u:p@127.0.0.1:9/db?host=db.example.com', 'db.example.com:9'],
  ['postgresql://u:p@127.0.0.1/db?host=127.0.0.2&port=24001', '127.0.0.2:24001'],
  ['postgres://u:p@127.0.0.1/db?host=127.0.0.2', '127.0.0.2:5432'],
  ['postgres://u:p@127.0.0.1:9/db?port=10', '127.0.0.1:10'],
  ['postgres://u:p@localhost/db?host=/var/run/postgresql', '/var/run/postgresql/.s.PGSQL.5432'],
  ['redis://:p@127.0.0.1:6379/0?host=other', '127.0.0.1:6379'],
] as const)('returns where the driver connects: %s', ([url, place]) => {
  expect(storeLocation(new URL(url))).toBe(place)
})

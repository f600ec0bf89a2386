import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { failureOf, testContext } from '../../../fixtures/services/context.ts'
import { connectPostgres } from './postgres-client.ts'
import { postgres } from './postgres.ts'

const file = (name: string) => new URL(`../../../fixtures/tls/${name}.pem`, import.meta.url)

/** One server in three states: without TLS, with optional TLS, with required TLS. */
test('TLS errors name TLS and the part of the URL that fixes them', async () => {
  await using context = await testContext()
  await using service = await postgres({ provider: 'embedded' }).start(context)
  const plain = service.connection['url']!
  const withMode = (mode: string) => `${plain}?${mode}`
  const messageOf = async (url: string) =>
    (await failureOf(() => connectPostgres('postgres', url))).message.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')

  expect(await messageOf(withMode('sslmode=verify-full'))).toMatchInlineSnapshot(`
    "postgres: HOST: the server does not support TLS, and the URL requires it
      Received: postgres://perf:***@HOST/perf?sslmode=verify-full (The server does not support SSL connections)
    Fix: remove sslmode from the URL, or write sslmode=disable; or enable ssl on that server"
  `)

  await using admin = await connectPostgres('test', plain)
  const write = (name: string, text: string) =>
    admin.query(
      `COPY (SELECT unnest(string_to_array('${text}', E'\\n'))) TO PROGRAM 'cat > ${name} && chmod 600 ${name}'`,
    )
  await write('server.crt', readFileSync(file('server'), 'utf8').trim())
  await write('server.key', readFileSync(file('server-key'), 'utf8').trim())
  await admin.query('ALTER SYSTEM SET ssl = on')
  await admin.query('SELECT pg_reload_conf()')
  const trusting = withMode(`sslmode=verify-full&sslrootcert=${file('authority').pathname}`)
  const connects = async (url: string) => {
    await using connection = await connectPostgres('test', url)
    return (await connection.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'))[0]?.['ssl']
  }
  await expect.poll(() => connects(trusting).catch(() => false), { timeout: 10_000 }).toBe(true)
  expect(await messageOf(withMode('sslmode=verify-full'))).toMatchInlineSnapshot(`
    "postgres: HOST: the TLS certificate of the server is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE)
      Received: postgres://perf:***@HOST/perf?sslmode=verify-full (UNABLE_TO_VERIFY_LEAF_SIGNATURE: ***; if the root CA is installed locally, try running Node.js with --use-system-ca)
    Fix: add &sslrootcert=/path/ca.pem to the URL, or, for a database of your own, accept any certificate: sslmode=no-verify"
  `)
  expect(await connects(withMode('sslmode=no-verify')), 'as that message suggests').toBe(true)
  expect(await messageOf(withMode('sslmode=verify-full&sslrootcert=/nowhere/ca.pem'))).toMatchInlineSnapshot(`
    "postgres: HOST: a TLS certificate in the URL cannot be read
      Received: postgres://perf:***@HOST/perf?sslmode=verify-full&sslrootcert=*** (ENOENT: ENOENT: no such file or directory, open '/nowhere/ca.pem')
    Fix: correct sslrootcert, sslcert or sslkey in the URL: each is the path of a PEM file"
  `)

  await write('pg_hba.conf', 'hostssl all all 127.0.0.1/32 scram-sha-256')
  await admin.query('SELECT pg_reload_conf()')
  await expect
    .poll(
      () =>
        connects(plain).then(
          () => 'connects',
          () => 'refused',
        ),
      { timeout: 10_000 },
    )
    .toBe('refused')
  const refused = await messageOf(plain)
  expect(refused).toContain('requires TLS for this user and host, and the URL does not enable it\n')
  expect(refused).toContain('\nFix: add ?sslmode=verify-full to the URL, with &sslrootcert=/path/ca.pem')
  expect(await connects(trusting)).toBe(true)
})

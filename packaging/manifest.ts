import type packageJson from '../package.json'

/** Manifest of the repository, whose entries are sources. */
export type RepositoryManifest = typeof packageJson

/** Folder of the compiled files. */
export const COMPILED = 'lib'

/**
 * Published manifest: entries point to compiled files with their declarations; scripts and development dependencies are
 * left out.
 */
export function publishedManifest(repository: RepositoryManifest) {
  const { scripts: _scripts, devDependencies: _tools, allowScripts: _allowed, ...kept } = repository
  return {
    ...kept,
    files: [COMPILED, 'src', 'docs', 'CHANGELOG.md'],
    exports: {
      ...mapValues(repository.exports, (source) =>
        source.endsWith('.json')
          ? compiled(source, '')
          : { types: compiled(source, '.d.ts'), default: compiled(source, '.js') },
      ),
      './package.json': './package.json',
    },
    bin: mapValues(repository.bin, (source) => compiled(source, '.js')),
  }
}

/** `./src/config/index.ts` becomes `./lib/config/index.js`. */
function compiled(source: string, extension: string): string {
  return source.replace(/^\.\/src\//, `./${COMPILED}/`).replace(/\.ts$/, extension)
}

function mapValues<Value, Mapped>(record: Readonly<Record<string, Value>>, map: (value: Value) => Mapped) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import ts from 'typescript'

export const ROOT = resolve(import.meta.dirname, '..')

/** Sources of the entry points of the package. */
export const ENTRIES = {
  'vitest-slo': 'src/index.ts',
  'vitest-slo/config': 'src/config/index.ts',
  'vitest-slo/reporter': 'src/report/reporter.ts',
}

/** Files of this project with everything that they import, as the compiler sees them. */
export function programOf(files: readonly string[]): ts.Program {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => readFileSync(path, 'utf8')) as {
    config: object
  }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  return ts.createProgram(
    files.map((file) => join(ROOT, file)),
    { ...options, noEmit: true, incremental: false },
  )
}

/** A name that a file exports. */
export interface Exported {
  readonly name: string
  readonly symbol: ts.Symbol
}

/** Exports of a file, in alphabetical order, aliases resolved. */
export function exportsOf(program: ts.Program, file: string): readonly Exported[] {
  const checker = program.getTypeChecker()
  const module = checker.getSymbolAtLocation(program.getSourceFile(join(ROOT, file))!)!
  return checker
    .getExportsOfModule(module)
    .map((symbol) => ({ name: symbol.name, symbol: resolved(checker, symbol) }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

/** The symbol itself, or the one that it is an alias of. */
export function resolved<Found extends ts.Symbol | undefined>(
  checker: ts.TypeChecker,
  symbol: Found,
): Found | ts.Symbol {
  return symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

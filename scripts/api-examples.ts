import ts from 'typescript'
import { ENTRIES, exportsOf, programOf } from './api-program.ts'

/** Exported functions whose doc comment has no `@example`. */
export function functionsWithoutExample(): readonly string[] {
  const files = Object.values(ENTRIES)
  const program = programOf(files)
  const checker = program.getTypeChecker()
  return files
    .flatMap((file) => exportsOf(program, file))
    .filter(({ symbol }) => symbol.flags & ts.SymbolFlags.Value && !(symbol.flags & ts.SymbolFlags.Class))
    .filter(({ symbol }) => checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0)
    .filter(({ symbol }) => !symbol.getJsDocTags(checker).some(({ name }) => name === 'example'))
    .map(({ name }) => name)
}

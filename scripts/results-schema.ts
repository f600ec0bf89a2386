import { join } from 'node:path'
import ts from 'typescript'
import { exportsOf, programOf, ROOT } from './api-program.ts'

const ENTRY = 'src/report/results.ts'

/** A JSON schema, of which only the keywords used here are named. */
export interface JsonSchema {
  description?: string
  type?: string
  const?: unknown
  enum?: readonly unknown[]
  anyOf?: readonly JsonSchema[]
  items?: JsonSchema
  minItems?: number
  maxItems?: number
  properties?: Readonly<Record<string, JsonSchema>>
  required?: readonly string[]
  additionalProperties?: JsonSchema | boolean
  $ref?: string
}

/** The content of `results.schema.json`: the schema of `results.json`, from the type `Results` and its doc comments. */
export function resultsSchema(): string {
  const program = programOf([ENTRY])
  const results = exportsOf(program, ENTRY).find(({ name }) => name === 'Results')!.symbol
  const schema = new SchemaWriter(program.getTypeChecker()).document(results)
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

class SchemaWriter {
  readonly #checker: ts.TypeChecker
  readonly #definitions = new Map<string, JsonSchema>()

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker
  }

  document(results: ts.Symbol): object {
    const root = this.#object(this.#checker.getDeclaredTypeOfSymbol(results))
    const definitions = [...this.#definitions].toSorted(([one], [other]) => (one < other ? -1 : 1))
    return {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'results.json of vitest-slo',
      ...this.#described(results),
      ...root,
      $defs: Object.fromEntries(definitions),
    }
  }

  #schema(type: ts.Type): JsonSchema {
    if (type.flags & ts.TypeFlags.StringLike && !type.isStringLiteral()) return { type: 'string' }
    if (type.flags & ts.TypeFlags.Number) return { type: 'number' }
    if (type.flags & ts.TypeFlags.Boolean) return { type: 'boolean' }
    if (type.flags & ts.TypeFlags.Null) return { type: 'null' }
    const literal = literalOf(type)
    if (literal !== undefined) return { const: literal.value }
    if (type.isUnion()) return this.#union(type.types)
    if (this.#checker.isArrayType(type))
      return { type: 'array', items: this.#schema(this.#checker.getTypeArguments(type as ts.TypeReference)[0]!) }
    if (this.#checker.isTupleType(type)) return this.#tuple(this.#checker.getTypeArguments(type as ts.TypeReference))
    const name = this.#nameOf(type)
    if (name === undefined) return this.#object(type)
    if (!this.#definitions.has(name)) {
      this.#definitions.set(name, {})
      const symbol = type.aliasSymbol ?? type.getSymbol()!
      this.#definitions.set(name, { ...this.#described(symbol), ...this.#object(type) })
    }
    return { $ref: `#/$defs/${name}` }
  }

  /** The elements of every tuple here have one type. */
  #tuple(types: readonly ts.Type[]): JsonSchema {
    return { type: 'array', items: this.#schema(types[0]!), minItems: types.length, maxItems: types.length }
  }

  /** Literals become one `enum`. The order of a union's types is not stable, so they are sorted. */
  #union(types: readonly ts.Type[]): JsonSchema {
    const present = types.filter(({ flags }) => !(flags & ts.TypeFlags.Undefined))
    const literals = present.flatMap((type) => literalOf(type)?.value ?? [])
    const others = present.filter((type) => literalOf(type) === undefined).map((type) => this.#schema(type))
    const isBoolean = literals.includes(true) && literals.includes(false)
    const alternatives = [
      ...others,
      ...(isBoolean ? [{ type: 'boolean' }] : literals.length === 1 ? [{ const: literals[0] }] : []),
      ...(!isBoolean && literals.length > 1
        ? [{ enum: literals.toSorted((a, b) => (String(a) < String(b) ? -1 : 1)) }]
        : []),
    ]
    const [only] = alternatives
    if (alternatives.length === 1) return only!
    return { anyOf: alternatives.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1)) }
  }

  #object(type: ts.Type): JsonSchema {
    const values = this.#checker.getIndexTypeOfType(type, ts.IndexKind.String)
    if (values !== undefined) return { type: 'object', additionalProperties: this.#schema(values) }
    const properties = this.#checker.getPropertiesOfType(type)
    return {
      type: 'object',
      properties: Object.fromEntries(properties.map((property) => [property.name, this.#property(property)])),
      required: properties.filter((property) => !this.#isOptional(property)).map(({ name }) => name),
      additionalProperties: false,
    }
  }

  /** JSON has no `undefined`: a property that may be undefined may also be absent. */
  #isOptional(property: ts.Symbol): boolean {
    const type = this.#checker.getTypeOfSymbol(property)
    const isUndefined = ({ flags }: ts.Type) => (flags & ts.TypeFlags.Undefined) !== 0
    return (property.flags & ts.SymbolFlags.Optional) !== 0 || (type.isUnion() && type.types.some(isUndefined))
  }

  #property(property: ts.Symbol): JsonSchema {
    return { ...this.#described(property), ...this.#schema(this.#checker.getTypeOfSymbol(property)) }
  }

  #described(symbol: ts.Symbol): JsonSchema {
    const description = ts
      .displayPartsToString(symbol.getDocumentationComment(this.#checker))
      .replaceAll(/\s*\n\s*/g, ' ')
    return description === '' ? {} : { description }
  }

  /** Name of an exported interface or type alias of this project. */
  #nameOf(type: ts.Type): string | undefined {
    const symbol = type.aliasSymbol ?? type.getSymbol()
    const isOurs = symbol?.declarations?.some((one) => one.getSourceFile().fileName.startsWith(join(ROOT, 'src')))
    const isAnonymous = symbol === undefined || symbol.name.startsWith('__')
    return isOurs && !isAnonymous ? symbol.name : undefined
  }
}

/** Value of a literal type. */
function literalOf(type: ts.Type): { readonly value: string | number | boolean } | undefined {
  if (type.isStringLiteral() || type.isNumberLiteral()) return { value: type.value }
  if (type.flags & ts.TypeFlags.BooleanLiteral)
    return { value: (type as ts.Type & { readonly intrinsicName: string }).intrinsicName === 'true' }
  return undefined
}

/** Kind of a service that the framework can read. */
export type StoreKind = 'postgres' | 'redis'

/** A database or cache of this run. */
export interface Store {
  /** Name of the service in the config. */
  readonly name: string
  readonly kind: StoreKind
  /** Secret. Absent if the service has none, or was not started because the target is external. */
  readonly url?: string
  /** Whether the store belongs to an external target and its URL is unknown. */
  readonly isAbsent: boolean
}

/** Why there is no store to read. */
export interface NoStore {
  readonly reason: string
  readonly fix: string
  /** Whether it belongs to an external target: assertions that need it are then skipped. */
  readonly isExternal: boolean
}

const KINDS = {
  postgres: { product: 'Postgres', variable: 'PERF_DATABASE_URL', url: /^postgres(ql)?:/ },
  redis: { product: 'Redis', variable: 'PERF_REDIS_URL', url: /^rediss?:/ },
} as const

/** Kind of a service by the URL of its connection. */
export function kindOfUrl(url: string | undefined): StoreKind | undefined {
  if (url === undefined) return undefined
  return (['postgres', 'redis'] as const).find((kind) => KINDS[kind].url.test(url))
}

/** Selection of a store. */
export interface StoreQuestion {
  readonly kind: StoreKind
  /** Name from the scenario; by default the only store of its kind. */
  readonly name?: string | undefined
  /** Call with which a scenario selects a store, for the fix: `ledger.of('orders')`. */
  readonly choose: (name: string) => string
  /** Whether the target is external. */
  readonly isExternal: boolean
}

/** Finds a store by its kind, and by its name if one is given. */
export function findStore(
  stores: readonly Store[],
  { kind, name, choose, isExternal }: StoreQuestion,
): { readonly url: string } | NoStore {
  const { product, variable } = KINDS[kind]
  const all = stores.filter((store) => store.kind === kind)
  const named = name === undefined ? all : all.filter((store) => store.name === name)
  const names = all.map((store) => store.name).join(', ')
  const [store] = named
  if (store === undefined && all.length === 0) {
    return {
      reason: `no ${product} is known to this run`,
      fix: `add it to the config: definePerfConfig({ services: [${kind}()] }); for one that is already running, set ${variable}`,
      isExternal,
    }
  }
  if (store === undefined) {
    return {
      reason: `no ${product} service is named ${JSON.stringify(name)}; there are: ${names}`,
      fix: `name one of them: ${choose(all[0]!.name)}`,
      isExternal: false,
    }
  }
  if (named.length > 1) {
    return {
      reason: `this run has ${named.length} ${product} services, and the scenario does not say which: ${names}`,
      fix: `name one: ${choose(store.name)}`,
      isExternal: false,
    }
  }
  if (store.url !== undefined && store.url !== '') return { url: store.url }
  if (store.isAbsent) {
    return {
      reason: `the URL of the target’s ${store.name} is not known here (${variable})`,
      fix: `set ${variable}`,
      isExternal: true,
    }
  }
  return {
    reason: `the ${product} service ${store.name} has no URL`,
    fix: `return one from its start(): connection: { url: '${kind}://…' }`,
    isExternal: false,
  }
}

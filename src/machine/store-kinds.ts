/** What a service is, if the framework knows how to read it. */
export type StoreKind = 'postgres' | 'redis'

/** A database or cache of this run. */
export interface Store {
  /** As the config names the service. */
  readonly name: string
  readonly kind: StoreKind
  /** Secret. Not set if the service has none, or was not started because the target runs elsewhere. */
  readonly url?: string
  /** The target runs elsewhere with a store of its own, whose URL is not known. */
  readonly isAbsent: boolean
}

/** Why there is no store to read. */
export interface NoStore {
  readonly reason: string
  readonly remedy: string
  /** It belongs to an external target: what depends on it is skipped. */
  readonly isElsewhere: boolean
}

const KINDS = {
  postgres: { product: 'Postgres', variable: 'PERF_DATABASE_URL', url: /^postgres(ql)?:/ },
  redis: { product: 'Redis', variable: 'PERF_REDIS_URL', url: /^rediss?:/ },
} as const

/** The kind of a service that does not name one, by the URL of its connection. */
export function kindOfUrl(url: string | undefined): StoreKind | undefined {
  if (url === undefined) return undefined
  return (['postgres', 'redis'] as const).find((kind) => KINDS[kind].url.test(url))
}

/** Which store is meant. */
export interface StoreQuestion {
  readonly kind: StoreKind
  /** As the scenario says; left out: the only one of its kind. */
  readonly name?: string | undefined
  /** How a scenario says it, for the fix: `ledger.of('orders')`. */
  readonly choose: (name: string) => string
  /** The target was running before this run. */
  readonly isElsewhere: boolean
}

/** Finds the store of a kind, whatever it is named. */
export function findStore(
  stores: readonly Store[],
  { kind, name, choose, isElsewhere }: StoreQuestion,
): { readonly url: string } | NoStore {
  const { product, variable } = KINDS[kind]
  const all = stores.filter((store) => store.kind === kind)
  const named = name === undefined ? all : all.filter((store) => store.name === name)
  const names = all.map((store) => store.name).join(', ')
  const [store] = named
  if (store === undefined && all.length === 0) {
    return {
      reason: `no ${product} is known to this run`,
      remedy: `add it to the config: definePerfConfig({ services: [${kind}()] }); for one that runs already set ${variable}`,
      isElsewhere,
    }
  }
  if (store === undefined) {
    return {
      reason: `no ${product} service is named ${JSON.stringify(name)}; there are: ${names}`,
      remedy: `name one of them: ${choose(all[0]!.name)}`,
      isElsewhere: false,
    }
  }
  if (named.length > 1) {
    return {
      reason: `this run has ${named.length} ${product} services, and the scenario does not say which: ${names}`,
      remedy: `name one: ${choose(store.name)}`,
      isElsewhere: false,
    }
  }
  if (store.url !== undefined && store.url !== '') return { url: store.url }
  if (store.isAbsent) {
    return {
      reason: `the URL of the target’s ${store.name} is not known here (${variable})`,
      remedy: `set ${variable}`,
      isElsewhere: true,
    }
  }
  return {
    reason: `the ${product} service ${store.name} has no URL`,
    remedy: `return one from its start(): connection: { url: '${kind}://…' }`,
    isElsewhere: false,
  }
}

import type { Random } from '../../load/random.ts'
import { joined } from '../../options/problems.ts'
import { asWritten, choose, isRecord, object, reading } from '../../options/schema.ts'
import { func, number } from '../../options/values.ts'
import type { Flow, Mix } from '../types.ts'

/**
 * Whole journeys with weights in one run: each iteration is one of them, drawn from the seed and the VU, so that the same
 * iteration of a VU is the same journey however many generators divide the load. Each journey is a scope of the run:
 * `run.journey('buy')`.
 *
 * @param weights weight of each journey, above 0: with `{ browse: 9, buy: 1 }`, one iteration in ten is the journey `buy`
 * @param journeys flow of each journey, by the same names
 *
 * @example
 *   const browse: Flow<undefined> = async ({ request }) => request({ path: '/products' })
 *   const buy: Flow<undefined> = async ({ request }) => request({ method: 'POST', path: '/orders' })
 *   const run = await http.run({
 *     load: constantArrivalRate({ rate: 20, vus: 100, duration: '1m' }),
 *     flow: mix({ browse: 9, buy: 1 }, { browse, buy }),
 *   })
 *   expect(run.journey('buy').iterations).toHaveP95Below('2s')
 */
export function mix<D, Name extends string = string>(
  weights: Readonly<Record<Name, number>>,
  journeys: Readonly<Record<Name, Flow<D>>>,
): Mix<D> {
  return { weights, journeys }
}

const EXAMPLE = 'flow: mix({ browse: 9, buy: 1 }, { browse, buy })'
const FLOW_EXAMPLE = "async ({ request }) => { await request({ path: '/cart' }) }"
const WEIGHT = number({ above: 0, example: 9 })
const FLOW = func<Flow<never>>(FLOW_EXAMPLE)

const WEIGHTS = reading<Mix<never>['weights']>((problems, path, value) => {
  if (!isRecord(value) || Object.keys(value).length === 0)
    problems.add(path, value, 'must be an object of the names and weights of journeys', EXAMPLE)
  else for (const [name, weight] of Object.entries(value)) WEIGHT.read(problems, joined(path, name), weight)
  return value as Mix<never>['weights']
})

const JOURNEYS = reading<Mix<never>['journeys']>((problems, path, value) => {
  if (!isRecord(value)) problems.add(path, value, 'must be an object of the names and flows of journeys', EXAMPLE)
  else for (const [name, flow] of Object.entries(value)) FLOW.read(problems, joined(path, name), flow)
  return value as Mix<never>['journeys']
})

const MIX = object<Mix<never>>()({ weights: WEIGHTS, journeys: JOURNEYS }, { example: EXAMPLE }).rule(
  [],
  (_, { weights, journeys }) => {
    if (!isRecord(weights) || !isRecord(journeys)) return undefined
    const [weighted, flows] = [Object.keys(weights), Object.keys(journeys)]
    const names = (all: readonly string[]) => all.map((name) => JSON.stringify(name)).join(', ') || 'none'
    if (new Set([...weighted, ...flows]).size === weighted.length && weighted.length === flows.length) return undefined
    const received = `weights of ${names(weighted)}, journeys ${names(flows)}`
    return { received, rule: 'must have a weight and a flow for each journey', example: EXAMPLE }
  },
)

const FLOW_OR_MIX = choose<unknown>((value) =>
  isRecord(value)
    ? MIX
    : func(FLOW_EXAMPLE, 'must be a function, or journeys with weights: mix({ browse: 9, buy: 1 }, { browse, buy })'),
)

/** Reader of a flow or a mix of flows, which returns it unchanged. */
export const flow = <D>() => asWritten<Flow<D> | Mix<D>>(FLOW_OR_MIX)

/** A flow of a run; `name` is `undefined` if it is the only one. */
export interface Journey<D> {
  readonly name: string | undefined
  readonly weight: number
  readonly flow: Flow<D>
}

/** The flows of a run, in the order of their weights. */
export function journeysOf<D>(given: Flow<D> | Mix<D>): readonly Journey<D>[] {
  if (typeof given === 'function') return [{ name: undefined, weight: 1, flow: given }]
  return Object.entries(given.weights).map(([name, weight]) => ({ name, weight, flow: given.journeys[name]! }))
}

/** @returns the index of a journey, drawn by weight; nothing is drawn if there is only one */
export function drawJourney(journeys: readonly { readonly weight: number }[], random: Random): number {
  if (journeys.length === 1) return 0
  let remaining = random.next() * journeys.reduce((sum, { weight }) => sum + weight, 0)
  const drawn = journeys.findIndex(({ weight }) => (remaining -= weight) < 0)
  return drawn < 0 ? journeys.length - 1 : drawn
}

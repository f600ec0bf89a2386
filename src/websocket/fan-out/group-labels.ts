import type { DeliveryLedger } from './delivery-ledger.ts'
import type { Group } from './group.ts'
import type { Publication } from './publication.ts'

/** Deliveries that name a group which the run does not have. */
export interface ForeignLabels {
  readonly count: number
  /** The first that contradicts the others, or the first of all. */
  readonly sample: string
}

/**
 * The groups that messages name, in a run that has groups and publishes by itself. A target may have names of its own for
 * them, one for each group. As soon as a message names a group as the run does, any other name is that of a group which
 * its client is not in.
 */
export class GroupLabels {
  readonly #ledger: DeliveryLedger
  /** A message named a group as the run does. */
  #areOwn = false
  /** The target's name of each group, and the group of each name. */
  readonly #nameOf = new Map<Group, string>()
  readonly #groupOf = new Map<string, Group>()
  /** Counted deliveries by other names, taken for their group's. */
  #foreign:
    | { count: number; readonly client: number; readonly publication: Publication; readonly named: string }
    | undefined
  #contradictions: { count: number; readonly sample: string } | undefined

  constructor(ledger: DeliveryLedger) {
    this.#ledger = ledger
  }

  /** Whether a message names another group than that of its publication. */
  isOther(named: string | undefined, { group }: Publication): boolean {
    if (named === undefined || group.name === undefined || named === group.name) return false
    return this.#areOwn || this.#ledger.hasGroup(named)
  }

  /** A delivery is taken whose message names this group, and not another one. */
  taken(client: number, named: string | undefined, publication: Publication): void {
    const { group } = publication
    if (named === undefined || group.name === undefined) return
    if (named === group.name) {
      this.#areOwn = true
      return
    }
    if (publication.isCounted) {
      this.#foreign ??= { count: 0, client, publication, named }
      this.#foreign.count++
    }
    const name = this.#nameOf.get(group)
    const namedGroup = this.#groupOf.get(named)
    if (name === named && namedGroup === group) return
    if (name === undefined && namedGroup === undefined) {
      this.#nameOf.set(group, named)
      this.#groupOf.set(named, group)
      return
    }
    this.#contradictions ??= { count: 0, sample: contradiction(named, publication, name, namedGroup) }
    this.#contradictions.count++
  }

  /** The run is over. @returns names that say nothing about the groups; `undefined` if there are none */
  close(): ForeignLabels | undefined {
    if (!this.#areOwn) return this.#contradictions
    if (this.#foreign === undefined) return undefined
    const { client, publication, named, count } = this.#foreign
    this.#ledger.receiveMislabelled(client, publication, named, false, count)
    return undefined
  }
}

function contradiction(
  named: string,
  { sequence, group }: Publication,
  name: string | undefined,
  namedGroup: Group | undefined,
): string {
  const other =
    namedGroup !== undefined && namedGroup !== group
      ? `and one of ${JSON.stringify(namedGroup.name)} too`
      : `and another one ${JSON.stringify(name)}`
  return `publication #${sequence} of group ${JSON.stringify(group.name)} named ${JSON.stringify(named)}, ${other}`
}

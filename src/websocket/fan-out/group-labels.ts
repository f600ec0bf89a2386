import type { DeliveryTracker } from './delivery-tracker.ts'
import type { Group } from './group.ts'
import type { Publication } from './publication.ts'

/** Deliveries that name groups which the run does not have. */
export interface ForeignLabels {
  readonly count: number
  /** Description of the first one that contradicts an earlier one. */
  readonly sample: string
}

/**
 * Names of groups in messages, in a run with groups that publishes. The target may use its own name for each group. Once a
 * message names a group as the run does, any other name belongs to a group that its client is not in.
 */
export class GroupLabels {
  readonly #ledger: DeliveryTracker
  /** Whether a message named a group as the run does. */
  #areOwn = false
  /** The name that the target uses for each group, and the group of each name. */
  readonly #nameOf = new Map<Group, string>()
  readonly #groupOf = new Map<string, Group>()
  /** Counted deliveries with other names, accepted as those of their groups. */
  #foreign:
    | { count: number; readonly client: number; readonly publication: Publication; readonly named: string }
    | undefined
  #contradictions: { count: number; readonly sample: string } | undefined

  constructor(ledger: DeliveryTracker) {
    this.#ledger = ledger
  }

  /** Whether a message names a group other than that of its publication. */
  isOther(named: string | undefined, { group }: Publication): boolean {
    if (named === undefined || group.name === undefined || named === group.name) return false
    return this.#areOwn || this.#ledger.hasGroup(named)
  }

  /** Called with each accepted delivery, and the group that its message names. */
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

  /** Called at the end of the run. @returns names that cannot be matched to groups; `undefined` if there are none */
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
      ? `as did one of ${JSON.stringify(namedGroup.name)}`
      : `and another one named ${JSON.stringify(name)}`
  return `publication #${sequence} of group ${JSON.stringify(group.name)} named ${JSON.stringify(named)}, ${other}`
}

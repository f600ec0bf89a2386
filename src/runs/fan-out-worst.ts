import type { ClientEvidence, PublicationEvidence } from '../evidence/evidence.ts'
import type { FanOutRecord, PublicationRecord } from '../evidence/fan-out-record.ts'
import type { SilentClients } from '../results/result.ts'

/** Publications with most unexpected deliveries, then most missing, then most late, then the slowest. */
export function worstPublications({ publications }: FanOutRecord, count: number): readonly PublicationEvidence[] {
  return [...publications].toSorted(byFault).slice(0, count).map(publicationEvidence)
}

/** Clients with a fault, sorted by unexpected, missing, late, out-of-order and duplicate deliveries. */
export function worstClients(record: FanOutRecord, count: number): readonly ClientEvidence[] {
  const { missing, late, outOfOrder, duplicate, unexpected } = record.clients
  const faulty: number[] = []
  for (let client = 0; client < missing.length; client++)
    if (missing[client]! + late[client]! + outOfOrder[client]! + duplicate[client]! + unexpected[client]! > 0)
      faulty.push(client)
  return faulty
    .toSorted(
      (a, b) =>
        unexpected[b]! - unexpected[a]! ||
        missing[b]! - missing[a]! ||
        late[b]! - late[a]! ||
        outOfOrder[b]! - outOfOrder[a]! ||
        duplicate[b]! - duplicate[a]!,
    )
    .slice(0, count)
    .map((client) => clientEvidence(record, client))
}

const NAMED_CLIENTS = 5

/** Clients to which deliveries were due and that received none of them; `undefined` if there are none. */
export function silentClients({ clients: { expected, missing } }: FanOutRecord): SilentClients | undefined {
  const silent: number[] = []
  let due = 0
  for (let client = 0; client < expected.length; client++) {
    if (expected[client] === 0) continue
    due++
    if (missing[client] === expected[client]) silent.push(client)
  }
  return silent.length === 0 ? undefined : { count: silent.length, of: due, first: silent.slice(0, NAMED_CLIENTS) }
}

export function hasFault({ missing, late, duplicate, outOfOrder, unexpected }: PublicationEvidence): boolean {
  return missing + late + duplicate + outOfOrder + unexpected > 0
}

export function byFault(a: PublicationRecord, b: PublicationRecord): number {
  return b.unexpected - a.unexpected || b.missing - a.missing || b.late - a.late || (b.maxMs ?? 0) - (a.maxMs ?? 0)
}

function publicationEvidence(publication: PublicationRecord): PublicationEvidence {
  const { isFailed: _, sequence, ...counts } = publication
  return { ...counts, label: `#${sequence} at ${(publication.atMs / 1000).toFixed(1)} s` }
}

function clientEvidence({ clients, closings }: FanOutRecord, client: number): ClientEvidence {
  const closing = closings.get(client)
  const [expected, missing, late] = [clients.expected[client]!, clients.missing[client]!, clients.late[client]!]
  return {
    label: `client ${client}${closing === undefined ? '' : ` (${closing})`}`,
    client,
    expected,
    onTime: expected - missing - late,
    late,
    missing,
    duplicate: clients.duplicate[client]!,
    outOfOrder: clients.outOfOrder[client]!,
    unexpected: clients.unexpected[client]!,
    maxMs: missing === expected ? undefined : clients.maxUs[client]! / 1000,
  }
}

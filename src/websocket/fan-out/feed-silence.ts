import type { FeedFigures } from '../../evidence/fan-out-record.ts'
import type { Group, OccupiedSpan } from './group.ts'
import type { Publication } from './publication.ts'

/** Longest silence at the end, in mean gaps between publications. It is exceeded by chance in one of 20,000 runs. */
const LONGEST_SILENCE = 10
/** One of this many runs may seem silent by chance in one of its groups. */
const RUNS_PER_CHANCE = 20_000

/** Counted part of a run, on the clock of `nowUs()`, and the least silence that is reported. */
export interface Counted {
  readonly fromUs: number
  readonly untilUs: number
  readonly toleranceUs: number
}

/** The latest receipt of a new publication, or the instant of a later one. */
function lastOf(counted: readonly Publication[], lastNewUs: number): number {
  let last = lastNewUs
  for (const { intendedUs } of counted) if (intendedUs > last) last = intendedUs
  return last
}

/**
 * Milliseconds without a publication before counting ended, if too long to be chance, and the number of publications that
 * would have been made in it at the rate until then. Time after which a client was connected again does not count: what was
 * published while nobody was connected is unknown for that reason.
 */
export function feedSilence(
  groups: readonly Group[],
  counted: readonly Publication[],
  lastNewUs: number,
  { fromUs, untilUs, toleranceUs }: Counted,
): { readonly ms: number; readonly publications: number } | undefined {
  if (counted.length === 0) return undefined
  const last = lastOf(counted, lastNewUs)
  const meanUs = (last - fromUs) / counted.length
  const awayUs = Math.min(
    ...groups.filter(({ occupied }) => occupied.length > 0).map((group) => closedUs(group, last, untilUs)),
  )
  const silentUs = untilUs - last - awayUs
  if (silentUs <= Math.max(LONGEST_SILENCE * meanUs, toleranceUs)) return undefined
  return { ms: silentUs / 1000, publications: silentUs / meanUs }
}

/**
 * Groups that had clients and from which nothing came: all the time, or in the end for too long to be chance. Only the time
 * in which clients of the group were connected counts, as its publications are not received otherwise.
 *
 * If a group published n times, at random instants in all of its time T, all of them fall into the first part t by chance with
 * the probability (t / T)ⁿ. A group is silent if that is
 *
 *     less than one in 20,000 runs, or
 *     less than exp(-n), the probability that a group that publishes n times on average does not publish at all, which is
 *     reported too; and the other groups went on: at the mean rate of all, the silence is no chance
 */
export function silentGroups(
  groups: readonly Group[],
  counted: readonly Publication[],
  lastNewUs: ReadonlyMap<string | undefined, number>,
  span: Counted,
): FeedFigures['silentGroups'] {
  const { fromUs, untilUs, toleranceUs } = span
  const occupied = groups.filter((group) => attendedUs(group, fromUs, untilUs) > 0)
  const byGroup = Map.groupBy(counted, ({ group }) => group)
  const allUs = occupied.reduce((sum, group) => sum + attendedUs(group, fromUs, untilUs), 0)
  const perGroup = RUNS_PER_CHANCE * occupied.length
  // At the rate of all groups together, a longer silence is no chance.
  const longestMeanUs = Math.log(perGroup) * (allUs / counted.length)
  const found = occupied.flatMap((group): readonly { group: Group; ms: number | undefined }[] => {
    const publications = byGroup.get(group) ?? []
    const count = publications.length
    if (count === 0) {
      const wholeUs = attendedUs(group, fromUs, untilUs)
      return wholeUs >= untilUs - fromUs || wholeUs > Math.max(longestMeanUs, toleranceUs)
        ? [{ group, ms: undefined }]
        : []
    }
    const last = lastOf(publications, lastNewUs.get(group.name) ?? Number.NEGATIVE_INFINITY)
    const untilLastUs = attendedUs(group, fromUs, last)
    const silentUs = attendedUs(group, last, untilUs)
    const isSilent =
      silentUs > untilLastUs * (perGroup ** (1 / count) - 1) ||
      (silentUs > untilLastUs * (Math.E - 1) && silentUs > longestMeanUs)
    return isSilent && silentUs > toleranceUs ? [{ group, ms: silentUs / 1000 }] : []
  })
  const [first] = found
  if (first === undefined) return undefined
  return { count: found.length, all: occupied.length, first: first.group.name ?? '', silentMs: first.ms }
}

/** Time in which clients of a group were connected, within a span. */
export function attendedUs({ occupied, unattended }: Group, fromUs: number, untilUs: number): number {
  return totalUs(occupied, fromUs, untilUs) - totalUs(unattended, fromUs, untilUs)
}

/** Time in which no client of a group was connected, within a span and before one was again. */
function closedUs({ unattended }: Group, fromUs: number, untilUs: number): number {
  const closed = unattended.filter((span) => span.untilUs < Number.POSITIVE_INFINITY)
  return totalUs(closed, fromUs, untilUs)
}

function totalUs(spans: readonly OccupiedSpan[], fromUs: number, untilUs: number): number {
  return spans.reduce((sum, span) => sum + overlapUs(span, fromUs, untilUs), 0)
}

export function overlapUs(span: OccupiedSpan, fromUs: number, untilUs: number): number {
  return Math.max(0, Math.min(span.untilUs, untilUs) - Math.max(span.fromUs, fromUs))
}

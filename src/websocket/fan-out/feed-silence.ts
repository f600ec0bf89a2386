import type { FeedFigures } from '../../evidence/fan-out-record.ts'
import type { Group, OccupiedSpan } from './group.ts'
import type { Publication } from './publication.ts'

/** Longest silence at the end, in mean gaps between publications. It is exceeded by chance in one of 20,000 runs. */
const LONGEST_SILENCE = 10
/** Least number of publications from which silence is judged. */
const ENOUGH_FOR_SILENCE = 5
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
 * would have been made in it at the rate until then.
 */
export function feedSilence(
  counted: readonly Publication[],
  lastNewUs: number,
  { fromUs, untilUs, toleranceUs }: Counted,
): { readonly ms: number; readonly publications: number } | undefined {
  if (counted.length < ENOUGH_FOR_SILENCE) return undefined
  const last = lastOf(counted, lastNewUs)
  const meanUs = (last - fromUs) / counted.length
  const silentUs = untilUs - last
  if (silentUs <= Math.max(LONGEST_SILENCE * meanUs, toleranceUs)) return undefined
  return { ms: silentUs / 1000, publications: silentUs / meanUs }
}

/**
 * Groups that had clients and from which nothing came: all the time, or in the end for too long to be chance. Only the time
 * in which a group had clients counts, as publications of a group without clients are not received.
 */
export function silentGroups(
  groups: readonly Group[],
  counted: readonly Publication[],
  lastNewUs: ReadonlyMap<string | undefined, number>,
  span: Counted,
): FeedFigures['silentGroups'] {
  const { fromUs, untilUs, toleranceUs } = span
  const occupied = groups.filter((group) => occupiedUs(group.occupied, fromUs, untilUs) > 0)
  const byGroup = Map.groupBy(counted, ({ group }) => group)
  const allUs = occupied.reduce((sum, group) => sum + occupiedUs(group.occupied, fromUs, untilUs), 0)
  const perGroup = RUNS_PER_CHANCE * occupied.length
  const found = occupied.flatMap((group): readonly { group: Group; ms: number | undefined }[] => {
    const publications = byGroup.get(group) ?? []
    const count = publications.length
    if (count === 0) {
      const wholeUs = occupiedUs(group.occupied, fromUs, untilUs)
      const longestUs = Math.log(perGroup) * (allUs / counted.length)
      return wholeUs >= untilUs - fromUs || wholeUs > Math.max(longestUs, toleranceUs) ? [{ group, ms: undefined }] : []
    }
    const last = lastOf(publications, lastNewUs.get(group.name) ?? Number.NEGATIVE_INFINITY)
    const meanUs = occupiedUs(group.occupied, fromUs, last) / count
    const silentUs = occupiedUs(group.occupied, last, untilUs)
    // Of intervals with random gaps: the fewer publications, the less certain the mean.
    const longestUs = count * (perGroup ** (1 / count) - 1) * meanUs
    return silentUs > Math.max(longestUs, toleranceUs) ? [{ group, ms: silentUs / 1000 }] : []
  })
  const [first] = found
  if (first === undefined) return undefined
  return { count: found.length, all: occupied.length, first: first.group.name ?? '', silentMs: first.ms }
}

/** Time in which a group had clients, within a span. */
function occupiedUs(spans: readonly OccupiedSpan[], fromUs: number, untilUs: number): number {
  return spans.reduce((sum, it) => sum + Math.max(0, Math.min(it.untilUs, untilUs) - Math.max(it.fromUs, fromUs)), 0)
}

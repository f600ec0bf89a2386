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

/** Publications that belong together, and when clients that expect them were there. */
export interface FeedGroup extends Pick<Group, 'occupied' | 'unattended'> {
  readonly name: string | undefined
  readonly publications: readonly Publication[]
  /** The last receipt of a new publication. */
  readonly lastNewUs: number
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
export function silentGroups(groups: readonly FeedGroup[], span: Counted): FeedFigures['silentGroups'] {
  const { fromUs, untilUs, toleranceUs } = span
  const occupied = groups.filter((group) => attendedUs(group, fromUs, untilUs) > 0)
  const counted = occupied.reduce((sum, { publications }) => sum + publications.length, 0)
  const allUs = occupied.reduce((sum, group) => sum + attendedUs(group, fromUs, untilUs), 0)
  const perGroup = RUNS_PER_CHANCE * occupied.length
  // At the rate of all groups together, a longer silence is no chance.
  const longestMeanUs = Math.log(perGroup) * (allUs / counted)
  const found = occupied.flatMap((group): readonly { group: FeedGroup; ms: number | undefined }[] => {
    const { publications, lastNewUs } = group
    const count = publications.length
    if (count === 0) {
      const wholeUs = attendedUs(group, fromUs, untilUs)
      return wholeUs >= untilUs - fromUs || wholeUs > Math.max(longestMeanUs, toleranceUs)
        ? [{ group, ms: undefined }]
        : []
    }
    const last = lastOf(publications, lastNewUs)
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

/**
 * Groups that `identify` returns in a run without groups, and that published until a time from which on nothing came. They may
 * publish at different rates, so only the rate of each counts: a group is silent if that is a chance of less than one in
 * 20,000 runs. If groups begin during the run as well, they come and go, as matches do, and none is reported.
 */
export function endedGroups(groups: readonly FeedGroup[], span: Counted): FeedFigures['silentGroups'] {
  const { fromUs, untilUs, toleranceUs } = span
  const perGroup = RUNS_PER_CHANCE * groups.length
  const isTooLong = (silentUs: number, restUs: number, count: number) =>
    silentUs > toleranceUs && silentUs > restUs * (perGroup ** (1 / count) - 1)
  const ended: { readonly name: string | undefined; readonly ms: number }[] = []
  for (const group of groups) {
    const { name, publications, lastNewUs } = group
    const count = publications.length
    if (count === 0) continue
    const first = publications.reduce((least, { intendedUs }) => Math.min(least, intendedUs), Number.POSITIVE_INFINITY)
    const last = lastOf(publications, lastNewUs)
    const attended = (from: number, until: number) => attendedUs(group, from, until)
    if (isTooLong(attended(fromUs, first), attended(first, untilUs), count)) return undefined
    const silentUs = attended(last, untilUs)
    if (isTooLong(silentUs, attended(fromUs, last), count)) ended.push({ name, ms: silentUs / 1000 })
  }
  const [first] = ended
  if (first === undefined) return undefined
  return { count: ended.length, all: groups.length, first: first.name ?? '', silentMs: first.ms }
}

/** Time in which clients of a group were connected, within a span. */
export function attendedUs(
  { occupied, unattended }: Pick<Group, 'occupied' | 'unattended'>,
  fromUs: number,
  untilUs: number,
): number {
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

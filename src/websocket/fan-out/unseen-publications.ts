import type { FeedFigures } from '../../evidence/fan-out-record.ts'
import { attendedUs, overlapUs, type Counted } from './feed-silence.ts'
import type { Group, UnattendedSpan } from './group.ts'
import type { Skipped } from './outages.ts'
import type { Publication } from './publication.ts'

/** Publications of a feed that may have reached no client, as none was connected. */
export interface Unseen {
  /** Of the counted part; `undefined` if a client was connected all the time, or the feed's sequence shows them. */
  readonly figures: FeedFigures['unseen']
  /** Spans of the whole run in which they may have been due. */
  readonly spans: readonly Skipped[]
}

/**
 * Estimates what a feed published while no client of a group was connected:
 *
 *     clients   ──1──2──3──┐             ┌──8──9──
 *     nobody               └─(4 5 6 7)───┘
 *
 * A feed with a sequence shows by publication 8 that four are missing. Of any other feed, and if no publication follows, only
 * the rate is known. Replayed publications are subtracted if time stamps show that they are of that time.
 */
export function unseenPublications(
  groups: readonly Group[],
  all: readonly Publication[],
  isNumbered: boolean,
  counted: Counted,
): Unseen {
  const allAttendedUs = groups.reduce((sum, group) => sum + attendedUs(group, counted.fromUs, counted.untilUs), 0)
  const countedCount = all.reduce((sum, { isCounted }) => sum + (isCounted ? 1 : 0), 0)
  const meanPerUs = allAttendedUs > 0 ? countedCount / allAttendedUs : 0
  const spans: Skipped[] = []
  const unseen: { readonly group: Group; ms: number; publications: number; deliveries: number }[] = []
  const unattended = groups.filter((group) => group.unattended.length > 0)
  const byGroup = unattended.length === 0 ? undefined : Map.groupBy(all, ({ group }) => group)
  for (const group of unattended) {
    const figures = { group, ms: 0, publications: 0, deliveries: 0 }
    const ofGroup = byGroup?.get(group)
    const lanes = ofGroup === undefined ? [[]] : [...Map.groupBy(ofGroup, ({ lane }) => lane).values()]
    for (const lane of lanes) {
      const perUs = rateOf(lane, group, counted) ?? meanPerUs
      for (const span of group.unattended) {
        const { fromUs, untilUs, members: expected } = span
        const inCounted = overlapUs(span, counted.fromUs, counted.untilUs)
        if (inCounted > 0 && !isShown(lane, span, isNumbered, true)) {
          const publications = estimate(lane, span, perUs * inCounted)
          figures.publications += publications
          figures.deliveries += publications * expected.size
          if (publications > 0) figures.ms = Math.max(figures.ms, inCounted / 1000)
        }
        if (isOpenEnded(span)) continue
        const isTimed = lane.length > 0 && lane.every(({ stampedAtMs }) => !Number.isNaN(stampedAtMs))
        const isKnown = isShown(lane, span, isNumbered, false)
          ? isTimed
          : estimate(lane, span, perUs * (untilUs - fromUs)) === 0
        if (!isKnown) spans.push({ fromUs, untilUs, expected, isCertain: false })
      }
    }
    if (figures.publications > 0) unseen.push(figures)
  }
  return { figures: figuresOf(unseen), spans }
}

function figuresOf(
  unseen: readonly { readonly group: Group; ms: number; publications: number; deliveries: number }[],
): FeedFigures['unseen'] {
  if (unseen.length === 0) return undefined
  const most = unseen.reduce((a, b) => (b.deliveries > a.deliveries ? b : a))
  return {
    ms: most.ms,
    ...(most.group.name === undefined ? {} : { group: most.group.name, groups: unseen.length }),
    publications: unseen.reduce((sum, { publications }) => sum + publications, 0),
    deliveries: unseen.reduce((sum, { deliveries }) => sum + deliveries, 0),
  }
}

function isOpenEnded({ untilUs }: UnattendedSpan): boolean {
  return untilUs === Number.POSITIVE_INFINITY
}

/** Publications per microsecond while a client of the group was connected; `undefined` if there were none. */
function rateOf(lane: readonly Publication[], group: Group, { fromUs, untilUs }: Counted): number | undefined {
  const us = attendedUs(group, fromUs, untilUs)
  const isReplay = ({ intendedUs }: Publication) =>
    group.unattended.some((span) => intendedUs >= span.fromUs && intendedUs < span.untilUs)
  const count = lane.reduce((sum, each) => sum + (each.isCounted && !isReplay(each) ? 1 : 0), 0)
  return count === 0 || us === 0 ? undefined : count / us
}

/** Whether sequences before and after the span show what was published in it. */
function isShown(
  lane: readonly Publication[],
  { fromUs, untilUs }: UnattendedSpan,
  isNumbered: boolean,
  isCounted: boolean,
): boolean {
  if (!isNumbered || lane[0]?.orderedBy !== 'sequence') return false
  return (
    lane.some((each) => each.intendedUs < fromUs) &&
    lane.some((each) => each.intendedUs >= untilUs && (each.isCounted || !isCounted))
  )
}

/** Expected number of publications in the span less those that were replayed, of which one more or less is chance. */
function estimate(lane: readonly Publication[], { fromUs, untilUs }: UnattendedSpan, expected: number): number {
  const isReplay = ({ intendedUs, stampedAtMs }: Publication) =>
    !Number.isNaN(stampedAtMs) && intendedUs >= fromUs && intendedUs < untilUs
  const replayed = lane.reduce((sum, each) => sum + (isReplay(each) ? 1 : 0), 0)
  return replayed === 0 ? expected : Math.max(0, expected - replayed - 1)
}

import type { FeedFigures } from '../evidence/fan-out-record.ts'
import { formatCount, formatMs } from '../stats/units.ts'

/** Describes what a feed may have published while no client was connected. */
export function describeUnseen({ ms, group, groups = 1, publications }: NonNullable<FeedFigures['unseen']>): string {
  const clients = group === undefined ? 'no client' : `no client of the group ${JSON.stringify(group)}`
  const others = groups === 1 ? '' : `, and none of ${formatCount(groups - 1)} more groups for some time`
  const about = Math.max(1, Math.round(publications))
  return (
    `${clients} was connected for ${formatMs(ms)}${others}, in which the feed may have made about ` +
    `${formatCount(about)} ${about === 1 ? 'publication' : 'publications'} that nobody received`
  )
}

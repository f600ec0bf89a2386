import type { FanOutRecord } from '../../evidence/fan-out-record.ts'
import type { Invalidity } from '../../evidence/verdict.ts'
import { lostInvalidities, perGenerator } from '../../runs/generator-findings.ts'
import { formatCount, formatRatio } from '../../stats/units.ts'
import { messageInvalidities, moveInvalidities, socketInvalidities } from './fan-out-invalidities.ts'
import { fanOutSaturation, openingSaturation } from './fan-out-limits.ts'
import type { FanOutMeasurement } from './fan-out-measurement.ts'

/** Record of a finished fan-out: its measurement, and the reasons why it cannot be judged. */
export function summarize(measured: FanOutMeasurement): FanOutRecord {
  const { sequences, feed } = measured
  // Hardly any sequence rises, so that they do not show the order. Time stamps of a feed may be equal.
  const isNumbered = sequences.rises >= sequences.ties / 100 || feed?.orderedBy === 'time stamps'
  return {
    ...measured,
    ...(isNumbered ? {} : { unnumbered: sequences.ties }),
    invalidities: invaliditiesOf(measured),
    connectInvalidities: connectInvaliditiesOf(measured),
    notes: notesOf(measured),
  }
}

function invaliditiesOf(measured: FanOutMeasurement): Invalidity[] {
  const { abortReason, hasPublished, generator, generators, limits } = measured
  const found = generators === undefined ? [] : [...lostInvalidities(generators)]
  found.push(...processInvalidities(measured))
  if (hasPublished)
    found.push(
      ...(generators === undefined
        ? fanOutSaturation(generator, limits)
        : perGenerator(generators, ({ health }) => fanOutSaturation(health, limits))),
    )
  if (abortReason !== undefined)
    found.push({ reason: 'aborted', finding: `stopped before its end: ${abortReason}`, fix: 'let the run finish' })
  found.push(...unsharedInvalidities(measured))
  return [...found, ...socketInvalidities(measured), ...moveInvalidities(measured), ...messageInvalidities(measured)]
}

/** The deliveries to the sockets of a generator that did not count a publication are in no count. */
function unsharedInvalidities({
  unsharedPublications = 0,
  publications,
  abortReason,
}: FanOutMeasurement): Invalidity[] {
  if (unsharedPublications === 0 || abortReason !== undefined) return []
  return [
    {
      reason: 'undecided',
      finding: `${formatCount(unsharedPublications)} of ${formatCount(publications.length)} publications were not counted by all generators`,
      fix: 'run the same scenario with the same seed on all generators',
    },
  ]
}

function connectInvaliditiesOf(measured: FanOutMeasurement): Invalidity[] {
  const { generators, openingHealth } = measured
  if (generators === undefined) return [...processInvalidities(measured), ...openingSaturation(openingHealth)]
  return [
    ...lostInvalidities(generators),
    ...processInvalidities(measured),
    ...perGenerator(generators, (each) => openingSaturation(each.openingHealth)),
  ]
}

function processInvalidities({ lostProcesses }: FanOutMeasurement): Invalidity[] {
  return lostProcesses.map((message) => ({
    reason: 'generator-saturated',
    finding: message,
    fix: 'its sockets were lost with it, which the target did not cause: check whether memory ran out',
  }))
}

function notesOf(measured: FanOutMeasurement): string[] {
  const { connectionNotes, failedAgain, publications, sendFailure, deliveries, traces, moves, open } = measured
  const notes = [...connectionNotes]
  const again = Object.entries(failedAgain)
    .map(([kind, count]) => `${formatCount(count)} × ${kind}`)
    .join(', ')
  if (again !== '') notes.push(`clients that had lost their connection could not connect again: ${again}`)
  const failed = publications.filter(({ isFailed }) => isFailed).length
  if (failed > 0)
    notes.push(
      `${formatCount(failed)} of ${formatCount(publications.length)} publications failed to be sent: ${sendFailure}`,
    )
  const { unidentified, expected } = deliveries
  if (unidentified > 0)
    notes.push(`${formatCount(unidentified)} messages not identified, the first: ${traces.unidentified}`)
  if (moves.made > 0)
    notes.push(
      `${formatCount(moves.made)} times a client joined or left groups` +
        (moves.unacknowledged === 0 ? '' : `, ${formatCount(moves.unacknowledged)} of them not acknowledged in time`) +
        (moves.rejected === undefined
          ? ''
          : `; the target rejected ${formatCount(moves.rejected.count)} of these moves, the first: ${moves.rejected.sample}`),
    )
  if (moves.afterEnd > 0)
    notes.push(`${formatCount(moves.afterEnd)} moves were due after the end of the run and were not made`)
  if (open.all > 0)
    notes.push(
      `${formatCount(open.all)} deliveries (${formatRatio(open.all / (expected + open.all))}) were not judged, ` +
        'as their clients were joining or leaving',
    )
  return notes
}

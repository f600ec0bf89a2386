import { OTHER_PROTOCOL_FIXES, probeProtocol } from '../machine/protocol-probe.ts'
import { tlsProblem } from '../machine/tls.ts'
import { isRedirect, REDIRECT_HINT } from '../runs/request-hints.ts'
import type { HttpMeasurement } from '../runs/request-measurement.ts'
import { formatRatio } from '../stats/units.ts'
import type { Endpoint } from './endpoint.ts'
import type { RunOptions } from './options.ts'

/** What a run found out about its target that no figure says. */
export type Diagnosis = Pick<HttpMeasurement, 'diagnosis' | 'warnings'>

/** Share of redirects among responses, 0-1, from which on they are what was measured. */
const MOSTLY = 0.9

/**
 * Finds out why a target took connections and never responded over HTTP/1.1, or responded with redirects alone. One that
 * speaks TLS or HTTP/2 looks, from its resets and stray bytes, like one that is broken: it is asked once, after the load.
 */
export async function diagnose<D>(
  measurement: HttpMeasurement,
  endpoint: Endpoint,
  options: RunOptions<D>,
): Promise<Diagnosis> {
  const { connections, warnings } = measurement
  const { sent, responses, redirects } = totalsOf(measurement)
  if (responses > 0) {
    if (redirects < responses * MOSTLY || namesStatus(options)) return { warnings }
    const finding = `${formatRatio(redirects / responses)} of the responses were redirects. ${REDIRECT_HINT}`
    return { diagnosis: finding, warnings: [...warnings, finding] }
  }
  if (sent === 0 || connections.opened === 0) return { warnings }
  if (endpoint.isSecure) return { ...tlsDiagnosis(measurement), warnings }
  const { hostname, port, socketPath } = endpoint
  const protocol = await probeProtocol({ host: hostname, port, socketPath })
  if (protocol === undefined) return { warnings }
  return { diagnosis: `no response of ${endpoint.origin} was HTTP/1.1: ${OTHER_PROTOCOL_FIXES[protocol]}`, warnings }
}

/**
 * What the errors of a run say of TLS: with TLS 1.3 a target looks for the client's certificate when the handshake is over
 * for the client, so that connections open and are reset later.
 */
function tlsDiagnosis({ series, phases, origin }: HttpMeasurement): Pick<Diagnosis, 'diagnosis'> {
  const windows = series.flatMap(({ timeline }) => phases.flatMap((_, phase) => timeline.windowsOf(phase)))
  const codes = new Set(windows.flatMap(({ details }) => [...details.keys()]))
  const problem = [...codes].map((code) => tlsProblem(code)).find((found) => found !== undefined)
  if (problem === undefined) return {}
  return { diagnosis: `no request to ${origin} got a response: ${problem.finding}\n${problem.fix}` }
}

function totalsOf({ series, phases }: HttpMeasurement): { sent: number; responses: number; redirects: number } {
  const windows = series.flatMap(({ timeline }) => phases.flatMap((_, phase) => timeline.windowsOf(phase)))
  const totals = { sent: 0, responses: 0, redirects: 0 }
  for (const window of windows) {
    totals.sent += window.sent
    for (const [status, count] of window.statuses) {
      totals.responses += count
      if (isRedirect(status)) totals.redirects += count
    }
  }
  return totals
}

/** Whether somebody said which status is meant: then a redirect is an error already, or as it should be. */
function namesStatus<D>({ expectStatus, steps }: RunOptions<D>): boolean {
  if (expectStatus !== undefined) return true
  return steps.some(({ expectStatus: own, request }) => {
    return own !== undefined || (typeof request !== 'function' && request.expectStatus !== undefined)
  })
}

import { OTHER_PROTOCOL_FIXES, probeProtocol } from '../machine/protocol-probe.ts'
import { tlsProblem } from '../machine/tls.ts'
import { isRedirect, REDIRECT_HINT } from '../runs/request-hints.ts'
import type { HttpMeasurement } from '../runs/request-measurement.ts'
import { formatRatio } from '../stats/units.ts'
import type { Endpoint } from './endpoint.ts'
import type { RunOptions } from './options.ts'

/** Findings about the target that no figure of the run shows. */
export type Diagnosis = Pick<HttpMeasurement, 'diagnosis' | 'warnings'>

/** Ratio of redirects to responses, 0–1, from which on the run measured redirects. */
const MOSTLY = 0.9

/**
 * Finds out why a target accepted connections but never responded over HTTP/1.1, or responded only with redirects. A target
 * that speaks TLS or HTTP/2 looks broken, by its resets and stray bytes: it is probed once, after the load.
 */
export async function diagnose<D>(
  measurement: HttpMeasurement,
  endpoint: Endpoint,
  options: RunOptions<D>,
): Promise<Diagnosis> {
  const { connections, warnings } = measurement
  const { sent, responses, redirects } = totalsOf(measurement)
  if (responses > 0) {
    const isKnown = setsExpectedStatus(options) || options.redirects > 0
    if (redirects < responses * MOSTLY || isKnown) return { warnings }
    const finding = `${formatRatio(redirects / responses)} of the responses were redirects. ${REDIRECT_HINT}`
    return { diagnosis: finding, warnings: [...warnings, finding] }
  }
  if (sent === 0 || connections.opened === 0) return { warnings }
  if (endpoint.isSecure) return { ...tlsDiagnosis(measurement), warnings }
  const { hostname, port, socketPath } = endpoint
  const protocol = await probeProtocol({ host: hostname, port, socketPath })
  if (protocol === undefined) return { warnings }
  return { diagnosis: `no response from ${endpoint.origin} was HTTP/1.1: ${OTHER_PROTOCOL_FIXES[protocol]}`, warnings }
}

/**
 * Diagnosis from the TLS errors of a run. With TLS 1.3, a target checks the client certificate after the client has
 * completed the handshake, so connections open and are reset later.
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

/** Whether an option sets the expected status: a redirect then already is an error, or is expected. */
function setsExpectedStatus<D>({ expectStatus, steps }: RunOptions<D>): boolean {
  if (expectStatus !== undefined) return true
  return steps.some(({ expectStatus: own, request }) => {
    return own !== undefined || (typeof request !== 'function' && request.expectStatus !== undefined)
  })
}

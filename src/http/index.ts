/** Public names of the HTTP engine. */
export { csv, sql, unique, type DataOptions, type DataSource, type SqlQuery } from '../load/data.ts'
export { HttpResponse } from './response.ts'
export type { TlsOptions } from '../machine/tls.ts'
export {
  basicAuth,
  bearerAuth,
  type AccessToken,
  type Auth,
  type BasicAuthOptions,
  type BearerAuthOptions,
  type FixedToken,
  type SharedToken,
  type TokenOfVu,
} from './auth/auth.ts'
export type { ConnectTo } from './endpoint.ts'
export { BodyError, type ContentCoding } from './response-body.ts'
export type { ResponseHeaders } from './response-headers.ts'
export type { Check, ExpectedStatus, SoftChecks } from './expectation.ts'
export { RequestFailedError, RunEndedError } from './flow/request-failed-error.ts'
export type { HostOption } from './hosts.ts'
export type { Http } from './http.ts'
export type { HeaderFields, HttpRequest, Method } from './request-encoder.ts'
export type {
  ConnectionScope,
  Extract,
  Flow,
  FlowContext,
  FlowFunction,
  FlowRequester,
  FlowRequestSpec,
  HttpLoadOptions,
  HttpRunOptions,
  IterationOption,
  Mix,
  OneRequest,
  RecordedRequest,
  RecordOption,
  RequestContext,
  RequestOption,
  RequestSpec,
  SeveralSteps,
  StepOption,
} from './types.ts'
export type { Vu } from '../load/vu.ts'
export type {
  AbortCondition,
  AbortOnErrors,
  AbortOnLatency,
  AbortOnUnreachable,
  AbortWhen,
} from '../execution/abort-when.ts'

/**
 * Type of a matcher that judges `Run`: the matcher for such a run (or if the type of the receiver is unknown),
 * otherwise a type that is not callable and contains the reason.
 */
export type On<Received, Run, Matcher, Reason extends string> = unknown extends Received
  ? Matcher
  : [Received] extends [Run]
    ? Matcher
    : CannotJudge<Received extends PromiseLike<unknown> ? `${Reason}: await it first` : Reason>

/** Type that is not callable: the compiler quotes `reason` if a matcher cannot judge the value. */
export interface CannotJudge<Reason extends string> {
  readonly reason: Reason
}

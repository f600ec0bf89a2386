/**
 * The type of a matcher that judges `Run`: itself on such a run (or where the receiver is unknown, as in asymmetric
 * use), elsewhere a type that cannot be called and carries the reason.
 */
export type On<Received, Run, Matcher, Reason extends string> = unknown extends Received
  ? Matcher
  : [Received] extends [Run]
    ? Matcher
    : CannotJudge<Received extends PromiseLike<unknown> ? `${Reason}: await it first` : Reason>

/** Not callable: the compiler quotes `reason` where a matcher is used on something it cannot judge. */
export interface CannotJudge<Reason extends string> {
  readonly reason: Reason
}

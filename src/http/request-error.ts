import { ScenarioError } from '../execution/scenario-error.ts'
import { fixBy } from '../options/problems.ts'

/** An invalid field of a request. */
interface RequestProblem {
  readonly received: unknown
  readonly rule: string
  /** Valid code: `path: '/api/me'`. */
  readonly example: string
}

/** Error of a request that cannot be sent: the invalid field, the rule it breaks, and the fix. */
export class RequestError extends ScenarioError {
  readonly field: 'path' | 'method' | 'headers' | 'body'
  readonly problem: RequestProblem

  constructor(field: RequestError['field'], problem: RequestProblem) {
    super(`request.${field}: ${problem.rule}\nFix: ${fixBy(problem.example)}`)
    this.field = field
    this.problem = problem
  }
}

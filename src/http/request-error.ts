import { ScenarioError } from '../execution/scenario-error.ts'
import type { Problem } from '../options/problems.ts'

/** Error of a request that cannot be sent: the invalid field, the rule it breaks, and a valid example. */
export class RequestError extends ScenarioError {
  readonly field: 'path' | 'method' | 'headers' | 'body'
  readonly problem: Omit<Problem, 'path'>

  constructor(field: RequestError['field'], problem: Omit<Problem, 'path'>) {
    super(`request.${field}: ${problem.rule}`)
    this.field = field
    this.problem = problem
  }
}

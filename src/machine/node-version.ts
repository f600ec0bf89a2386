/** Why vitest-slo cannot run on a version of Node, and the fix. */
export interface NodeProblem {
  readonly limits: string
  readonly fix: string
}

/** The problem of a version of Node, such as `20.20.2`; `undefined` if vitest-slo runs on it. */
export function nodeProblem(version: string): NodeProblem | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if ((major === 22 && minor >= 18) || major === 24 || major >= 26) return undefined
  return {
    limits: 'Vitest 5 and vitest-slo require Node 22.18 or a later 22, 24, or 26 and later',
    fix: 'npm install --save-dev node@24, which npx and npm scripts then use',
  }
}

/** The problem of a version of Node as a message; `undefined` if vitest-slo runs on it. */
export function nodeMessage(version: string): string | undefined {
  const problem = nodeProblem(version)
  return problem && `MISSING Node: ${version}\n  ${problem.limits}\n  Fix: ${problem.fix}`
}

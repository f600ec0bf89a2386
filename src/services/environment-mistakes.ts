import type { Problems } from '../options/problems.ts'
import { isText } from '../options/values.ts'
import type { Service } from './service.ts'
import { urlMistakes } from './target/target-external.ts'
import type { Target } from './target/target.ts'

/** Adds every mistake in the options of services and target, and in the variables that override the target's URLs. */
export function checkEnvironment(
  problems: Problems,
  { services = [], target }: { readonly services?: readonly Service[]; readonly target?: Target | undefined },
  env: NodeJS.ProcessEnv,
): void {
  const names = services.map(({ name }) => name)
  for (const [index, { name, problems: own = [] }] of services.entries()) {
    const path = `services[${index}]`
    problems.merge(path, own)
    if (own.some((problem) => problem.path === 'name')) continue
    if (!isText(name)) problems.add(`${path}.name`, name, 'must be a string', "name: 'orders'")
    else if (names.indexOf(name) !== index)
      problems.add(`${path}.name`, name, 'must differ from the names of the other services', `name: '${name}-2'`)
  }
  if (target === undefined) return
  problems.merge('target', target.problems ?? [])
  if (target.options === undefined) return
  problems.merge('', urlMistakes(target.options, env))
  if ((target.problems ?? []).length === 0 && target.options.command === undefined && !target.isExternal(env))
    problems.add(
      'target',
      target.options,
      'must have a command that starts it, or the url of a running target',
      "target: target({ command: ['node', 'server.js'] })",
    )
}

import type { TargetContext } from './started-target.ts'
import type { InstanceContext, TargetOptions } from './target-options.ts'

/** Ports of one instance. */
export interface Ports {
  readonly port: number
  /** Not set if there is no internal listener. */
  readonly internalPort: number | undefined
}

/** Variables of Vitest, with which the target would behave as under test. */
const VITEST_VARIABLES = /^(VITEST(_.*)?|TEST|MODE|DEV|PROD|SSR|NODE_OPTIONS|NODE_V8_COVERAGE)$/

/** Complete environment of one instance. */
export function targetEnvironment(
  { env = {}, portVariable = 'PORT', internalPortVariable = 'INTERNAL_PORT' }: TargetOptions,
  { port, internalPort }: Ports,
  index: number,
  context: TargetContext,
): NodeJS.ProcessEnv {
  const inherited = Object.entries(context.env).filter(([name]) => !VITEST_VARIABLES.test(name))
  const services = Object.fromEntries(context.services.map(({ name, connection }) => [name, connection]))
  const instance: InstanceContext = { index, port, internalPort, services }
  return {
    ...Object.fromEntries(inherited),
    NODE_ENV: 'production',
    ...Object.assign({}, ...context.services.map((service) => service.env)),
    [portVariable]: String(port),
    ...(internalPortVariable === false ? {} : { [internalPortVariable]: String(internalPort) }),
    ...(typeof env === 'function' ? env(instance) : env),
  }
}

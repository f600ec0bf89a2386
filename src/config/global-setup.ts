import type { TestProject } from 'vitest/node'
import type { SloPluginApi } from './plugin.ts'

/** Vitest's hook around an invocation. The session comes from the plugin, which has access to the config's functions. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const plugin = project.vite.config.plugins.find(({ name }) => name === 'vitest-slo')
  if (plugin === undefined) throw new Error('The config of this project is not a result of definePerfConfig().')
  const session = (plugin.api as SloPluginApi).session()
  await session.start(project)
  return () => session.stop(project)
}

import type { Vite } from 'vitest/node'
import type { PerfConfig } from './perf-config.ts'
import { Session } from './session.ts'

/** The name under which `global-setup.ts` finds the plugin. */
export const PLUGIN_NAME = 'vitest-slo'

export interface SloPluginApi {
  session(): Session
}

/** Carries the config's functions to where Vitest starts things, which plain test options cannot do. */
export function sloPlugin(config: PerfConfig): Vite.Plugin<SloPluginApi> {
  let session: Session | undefined
  return {
    name: PLUGIN_NAME,
    api: {
      session() {
        if (session === undefined) throw new Error('Vitest did not configure the vitest-slo plugin.')
        return session
      },
    },
    configureVitest({ vitest, project }) {
      session = new Session(config, vitest, project)
    },
  }
}

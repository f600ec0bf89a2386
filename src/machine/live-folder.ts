/**
 * How the temporary folder of a process's live figures begins. The reaper, which removes it should the process be killed,
 * finds it by this name.
 */
export function liveFolderPrefix(pid: number): string {
  return `${LIVE_FOLDER}${pid}-`
}

/** How the folders of all processes begin. */
export const LIVE_FOLDER = 'vitest-slo-live-'

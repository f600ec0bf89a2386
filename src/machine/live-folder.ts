/**
 * Prefix of the temporary folder for the live figures of a process, by which the reaper finds the folder if the process is
 * killed.
 */
export function liveFolderPrefix(pid: number): string {
  return `${LIVE_FOLDER}${pid}-`
}

/** Prefix of the folders of all processes. */
export const LIVE_FOLDER = 'vitest-slo-live-'

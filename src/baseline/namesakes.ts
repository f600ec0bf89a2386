/** A scenario, or a suite or file of scenarios. */
interface Named {
  readonly fullTestName?: string
  readonly tasks?: readonly Named[]
}

/** Number of scenarios of a file with a name. */
export function countNamesakes(file: Named, fullTestName: string): number {
  if (file.tasks === undefined) return file.fullTestName === fullTestName ? 1 : 0
  return file.tasks.reduce((sum, task) => sum + countNamesakes(task, fullTestName), 0)
}

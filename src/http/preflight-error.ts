/** Thrown before any load if a limit of this machine, or the certificate of the target, does not allow the load. */
export class PreflightError extends Error {
  override readonly name = 'PreflightError'
}

/** A missing package that one part of vitest-slo requires, and that its users install. */
export class MissingPackageError extends Error {
  /** Name of the class. */
  override readonly name = 'MissingPackageError'

  /** @param packages all packages of the part, as arguments of the package manager */
  constructor(part: string, missing: string, packages: string, cause: unknown) {
    super(`${part} requires the package ${missing}, which is not installed\nFix: npm install --save-dev ${packages}`, {
      cause,
    })
  }
}

/**
 * Loads a package on first use, so that unused packages cost nothing.
 *
 * @param part what requires it, as the user wrote it, e.g. `postgres()`
 * @param packages the packages to install, first the one that `load` imports
 * @throws {MissingPackageError} with the command that installs it; an installed package that fails throws its own error
 */
export async function loadOptional<Module>(
  part: string,
  packages: string,
  load: () => Promise<Module>,
): Promise<Module> {
  const [name] = packages.split(' ')
  try {
    return await load()
  } catch (error) {
    if (isMissing(error, name!)) throw new MissingPackageError(part, name!, packages, error)
    throw error
  }
}

/** Whether this package is missing. If another one is, this one is installed but broken. */
function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes(`'${name}'`)
}

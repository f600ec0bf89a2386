/** A package that one part of vitest-slo needs, which users of this part install. */
export class MissingPackageError extends Error {
  override readonly name = 'MissingPackageError'

  /** @param packages all that the part needs, as they stand on the command line of the package manager */
  constructor(part: string, missing: string, packages: string, cause: unknown) {
    super(
      `${part} needs the package ${missing}, which is not installed.\n  Do this:  npm install --save-dev ${packages}`,
      { cause },
    )
  }
}

/**
 * Loads a package on first use, so that unused packages cost nothing.
 *
 * @param part what needs it, as the reader wrote it, e.g. `postgres()`
 * @param packages what is to be installed for it, the package that `load` imports first
 * @throws {MissingPackageError} with the line that installs it; an installed package that fails throws its own error
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

/** Not where another package is missing: then the one asked for is installed, and broken. */
function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes(`'${name}'`)
}

import { accessSync, constants, existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type * as Testcontainers from 'testcontainers'
import { clearTimeout, setTimeout } from '../machine/clock.ts'
import { loadOptional, MissingPackageError } from '../options/optional-package.ts'
import { redactText } from '../options/redact.ts'

/** Label of every container that a run starts. Its value is the run's id. */
export const RUN_LABEL = 'vitest-slo.run'

/** Label whose value is the name of the service. */
export const SERVICE_LABEL = 'vitest-slo.service'

const PROBE_MS = 2_000

/**
 * The Docker engine that Testcontainers finds (`DOCKER_HOST`, the usual sockets, `~/.testcontainers.properties`).
 * `undefined` if none responds within two seconds, or Testcontainers is not installed.
 */
export async function findEngine(limitMs = PROBE_MS): Promise<Testcontainers.ContainerRuntimeClient | undefined> {
  const library = await loadTestcontainers().catch(ifMissing)
  if (library === undefined) return undefined
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(resolve, limitMs, undefined)
  try {
    return await Promise.race([library.getContainerRuntimeClient().catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Default sockets of Docker engines. */
const SOCKETS = ['/var/run/docker.sock', join(homedir(), '.docker/run/docker.sock')]

/**
 * The reason why {@link findEngine} found no usable engine, in one line. `undefined` if nothing indicates that an engine
 * exists, or Testcontainers is not installed.
 */
export async function unusableEngine(
  env: NodeJS.ProcessEnv,
  sockets: readonly string[] = SOCKETS,
): Promise<string | undefined> {
  if ((await loadTestcontainers().catch(ifMissing)) === undefined) return undefined
  const host = env['DOCKER_HOST']
  if (host) return `no Docker engine responds at DOCKER_HOST=${redactText(host)}`
  const socket = sockets.find((path) => existsSync(path))
  if (socket === undefined) return undefined
  try {
    accessSync(socket, constants.R_OK | constants.W_OK)
    return `no Docker engine responds at ${socket}`
  } catch {
    return `this user has no permission to use the Docker engine at ${socket}`
  }
}

/** @throws {MissingPackageError} if it is not installed */
export function loadTestcontainers(): Promise<typeof Testcontainers> {
  return loadOptional('a service in a container', 'testcontainers', () => import('testcontainers'))
}

function ifMissing(error: unknown): undefined {
  if (!(error instanceof MissingPackageError)) throw error
}

/**
 * Removes every container that has all `labels` (`key=value`), running or not, with its anonymous volumes.
 * @returns the number of containers; `undefined` if no engine responds
 */
export async function removeContainers(labels: readonly string[]): Promise<number | undefined> {
  const engine = await findEngine()
  if (!engine) return undefined
  const docker = engine.container.dockerode
  const filters = JSON.stringify({ label: labels })
  const found = await docker.listContainers({ all: true, filters })
  for (const { Id } of found) {
    await docker
      .getContainer(Id)
      .remove({ force: true, v: true })
      .catch((error: { statusCode?: number }) => {
        // 404: already removed. 409: its removal is in progress.
        if (error.statusCode !== 404 && error.statusCode !== 409) throw error
      })
  }
  return found.length
}

import { execFile, execFileSync } from 'node:child_process'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import type { Reaper } from '../services/reaper/reaper.ts'

const run = promisify(execFile)

/** A revision that git does not know, or that cannot be installed or built. The message says what to do. */
export class RevisionError extends Error {
  override readonly name = 'RevisionError'
}

/** A revision in a folder of its own. Disposing removes it. */
export interface CheckedOut extends AsyncDisposable {
  /** As it was asked for, and its commit: `origin/main (9f6b724)`. */
  readonly label: string
  /** The working tree that the command was called in. */
  readonly root: string
  /** The other working tree. */
  readonly worktree: string
  /** In the other working tree, where the command was called in this one. */
  readonly folder: string
}

/**
 * Checks a revision out beside the working tree that `folder` is in, which stays as it is.
 *
 * @throws {RevisionError} if the folder is in no repository, or git does not know the revision
 */
export async function checkOut(revision: string, folder: string, reaper: Reaper): Promise<CheckedOut> {
  const root = await rootOf(folder)
  const commit = await commitOf(revision, root)
  const temporary = reaper.temporaryFolder('compare')
  const worktree = join(temporary.path, 'base')
  try {
    await git(root, 'worktree', 'add', '--detach', '--quiet', worktree, commit)
  } catch (error) {
    temporary.remove()
    throw new RevisionError(`git could not check ${revision} out: ${lastLineOf(error)}`)
  }
  // An end that waits for nothing, such as a second Ctrl-C, still takes the worktree off git's list.
  const removeNow = () => execFileSync('git', forget(worktree), { cwd: root, stdio: 'ignore' })
  process.once('exit', removeNow)
  return {
    label: `${revision} (${commit.slice(0, 7)})`,
    root,
    worktree,
    folder: join(worktree, relative(root, folder)),
    async [Symbol.asyncDispose]() {
      process.removeListener('exit', removeNow)
      await git(root, ...forget(worktree)).catch(() => {})
      temporary.remove()
    },
  }
}

async function rootOf(folder: string): Promise<string> {
  try {
    return await git(folder, 'rev-parse', '--show-toplevel')
  } catch (error) {
    throw new RevisionError(`${folder} is in no git repository: ${lastLineOf(error)}`)
  }
}

async function commitOf(revision: string, root: string): Promise<string> {
  try {
    return await git(root, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`)
  } catch {
    const [remote, ...branch] = revision.split('/')
    const fetching = branch.length === 0 ? `git fetch origin ${revision}` : `git fetch ${remote} ${branch.join('/')}`
    throw new RevisionError(
      `git knows no revision ${revision} here. If it is only elsewhere, or this is a shallow clone: ${fetching}`,
    )
  }
}

async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', args, { cwd })
  return stdout.trim()
}

/** Twice: also with changes in it, and where it is locked. */
function forget(worktree: string): readonly string[] {
  return ['worktree', 'remove', '--force', '--force', worktree]
}

function lastLineOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string }
  return (stderr?.trim() || message).split('\n').at(-1)!
}

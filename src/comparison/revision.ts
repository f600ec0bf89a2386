import { execFile, execFileSync } from 'node:child_process'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import type { Reaper } from '../services/reaper/reaper.ts'

const run = promisify(execFile)

/** A revision that git cannot find, or that cannot be installed or built. The message contains the fix. */
export class RevisionError extends Error {
  /** Name of the class. */
  override readonly name = 'RevisionError'
}

/** A revision, checked out into a separate worktree. Disposing removes it. */
export interface CheckedOut extends AsyncDisposable {
  /** The revision as passed, and its commit: `origin/main (9f6b724)`. */
  readonly label: string
  /** Root of the working tree in which the command was run. */
  readonly root: string
  /** Root of the new worktree. */
  readonly worktree: string
  /** The folder in the new worktree that corresponds to the one in which the command was run. */
  readonly folder: string
}

/**
 * Checks a revision out into a separate worktree. The working tree of `folder` is not changed.
 *
 * @throws {RevisionError} if the folder is not in a repository, or git cannot find the revision
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
    throw new RevisionError(
      `git could not check ${revision} out: ${lastLineOf(error)}\nFix: run git worktree prune, and see that the disk has space`,
    )
  }
  // An immediate exit, such as after a second Ctrl-C, must also remove the worktree from git's list.
  const removeNow = () => execFileSync('git', removeArgs(worktree), { cwd: root, stdio: 'ignore' })
  process.once('exit', removeNow)
  return {
    label: `${revision} (${commit.slice(0, 7)})`,
    root,
    worktree,
    folder: join(worktree, relative(root, folder)),
    async [Symbol.asyncDispose]() {
      process.removeListener('exit', removeNow)
      await git(root, ...removeArgs(worktree)).catch(() => {})
      temporary.remove()
    },
  }
}

async function rootOf(folder: string): Promise<string> {
  try {
    return await git(folder, 'rev-parse', '--show-toplevel')
  } catch (error) {
    throw new RevisionError(
      `${folder} is not in a git repository: ${lastLineOf(error)}\nFix: run the command in the repository of the target`,
    )
  }
}

async function commitOf(revision: string, root: string): Promise<string> {
  try {
    return await git(root, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`)
  } catch {
    const [remote, ...branch] = revision.split('/')
    const fetching = branch.length === 0 ? `git fetch origin ${revision}` : `git fetch ${remote} ${branch.join('/')}`
    throw new RevisionError(
      `git finds no revision ${revision} in this repository.\nFix: if it exists only on the remote, or this is a shallow clone, run: ${fetching}`,
    )
  }
}

async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', args, { cwd })
  return stdout.trim()
}

/** `--force` twice: removes a worktree with changes, and one that is locked. */
function removeArgs(worktree: string): readonly string[] {
  return ['worktree', 'remove', '--force', '--force', worktree]
}

function lastLineOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string }
  return (stderr?.trim() || message).split('\n').at(-1)!
}

/** What is read and set here of a socket of `ws`; a version without it is left as it is. */
interface Receiving {
  readonly _receiver?: { _fragments?: unknown }
}

/**
 * Makes `ws` collect the frames of the next message in the same array as those of all earlier ones. Called when a message was
 * emitted, after which `ws` no longer reads the array and has replaced it.
 *
 * An array that waits for the next message of a socket moves to V8's old space. If `ws` replaces it after that message, the
 * dead array keeps the message and its buffer alive until a full garbage collection, 400 bytes for each message: with 10,000
 * sockets and two messages a second, 9 KB per socket after 10 s. A cleared array refers to nothing.
 *
 * @param kept result of the call for the message before; `undefined` for the first one
 * @returns the array, or `undefined` if this version of `ws` has none
 */
export function reuseFragments(socket: object, kept: unknown[] | undefined): unknown[] | undefined {
  const receiver = (socket as Receiving)._receiver
  if (!Array.isArray(receiver?._fragments)) return undefined
  const fragments: unknown[] = kept ?? receiver._fragments
  fragments.length = 0
  receiver._fragments = fragments
  return fragments
}

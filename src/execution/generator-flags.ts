/**
 * Flags of Node for a process that puts load on. Opening ten thousand sockets leaves V8 with a young generation of 96 MB,
 * three halves of 32 MB, which it never gives back: 5 KB a socket, and pauses twice as long.
 */
export const GENERATOR_FLAGS: readonly string[] = ['--max-semi-space-size=16']

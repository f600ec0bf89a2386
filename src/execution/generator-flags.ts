/**
 * Node flags for a generator process. After opening ten thousand sockets, V8 keeps a young generation of 96 MB (three
 * semi-spaces of 32 MB) and never shrinks it: 5 KB per socket, and pauses twice as long.
 */
export const GENERATOR_FLAGS: readonly string[] = ['--max-semi-space-size=16']

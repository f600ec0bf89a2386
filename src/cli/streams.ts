/** Where a command writes to, and how wide that is. */
export interface Streams {
  readonly stdout: NodeJS.WritableStream & { readonly columns?: number }
  readonly stderr: NodeJS.WritableStream
}

/** A command that also asks: only where `stdin` is a terminal. */
export interface Terminal extends Streams {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
}

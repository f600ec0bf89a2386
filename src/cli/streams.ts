/** Output streams of a command, and their width. */
export interface Streams {
  readonly stdout: NodeJS.WritableStream & { readonly columns?: number }
  readonly stderr: NodeJS.WritableStream
}

/** Streams of a command that asks questions if `stdin` is a terminal. */
export interface Terminal extends Streams {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
}

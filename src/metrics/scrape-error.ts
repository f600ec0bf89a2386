/** A metrics route that could not be read: which one, what it sent, and how to fix it. */
export class ScrapeError extends Error {
  override readonly name = 'ScrapeError'
}

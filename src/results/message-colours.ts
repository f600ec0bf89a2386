/** Colours of the two values of a failure message. */
export interface MessageColours {
  expected(text: string): string
  received(text: string): string
}

/** Both values, of which the received one may have several indented lines. */
const VALUES = /^(Expected: )(.*)(\nReceived: )(.*(?:\n {10}.*)*)/m

/** The message of a matcher with the values after `Expected:` and `Received:` in colour. Other messages are unchanged. */
export function colourMessage(message: string, { expected, received }: MessageColours): string {
  return message.replace(VALUES, (_, first: string, wanted: string, second: string, found: string) => {
    const lines = found.replace(/\S.*$/gm, (line) => received(line))
    return first + expected(wanted) + second + lines
  })
}

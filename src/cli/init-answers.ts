/** @throws {Error} that explains what a URL must be */
export function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new Error(
      `not an http or https URL: ${JSON.stringify(withoutCredentials(text))}\nFix: write it as http://127.0.0.1:3000`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new Error('the URL contains a user or a password, which would be written to a file\nFix: leave them out')
  }
  if (url.search !== '' || url.hash !== '')
    throw new Error('a base URL has no query and no fragment\nFix: leave out what follows ? or #')
  return url
}

/** @returns program and arguments; `undefined` for empty text. @throws {Error} if the command needs a shell */
export function readCommand(text: string): readonly string[] | undefined {
  if (/["'`$&|;<>]/.test(text)) {
    throw new Error(
      'a command is a program and its arguments, without quotes or a shell\nFix: write, for example, node server.js',
    )
  }
  const words = text.split(/\s+/).filter(Boolean)
  const [program = ''] = words
  const variable = /^([A-Za-z_]\w*)=/.exec(program)?.[1]
  if (variable !== undefined) {
    const fix =
      variable === 'PORT'
        ? 'leave it out: the service receives a free port in the variable PORT'
        : `leave it out, and add env: { ${variable}: '…' } to target() in the config`
    throw new Error(`a command begins with a program, received the variable ${variable}\nFix: ${fix}`)
  }
  if (words.length === 1 && Object.hasOwn(EXAMPLES, program))
    throw new Error(`${program} without arguments starts no service\nFix: write, for example, ${EXAMPLES[program]}`)
  return words.length === 0 ? undefined : words
}

/** Programs that start a service only with arguments, each with an example. */
const EXAMPLES: Readonly<Record<string, string>> = {
  bun: 'bun server.ts',
  deno: 'deno run server.ts',
  java: 'java -jar server.jar',
  node: 'node server.js',
  npm: 'npm start',
  npx: 'npx tsx server.ts',
  pnpm: 'pnpm start',
  python: 'python server.py',
  python3: 'python3 server.py',
  ruby: 'ruby server.rb',
  tsx: 'tsx server.ts',
  yarn: 'yarn start',
}

/** @throws {Error} that explains what a path must be */
export function readPath(text: string): string {
  if (!/^\/[^\s#]*$/.test(text))
    throw new Error(`a path starts with a slash, received "${text}"\nFix: write, for example, /api/users`)
  return text
}

function withoutCredentials(text: string): string {
  return text.replace(/^([a-z][\w+.-]*:\/\/)?[^]*@/i, '$1***@')
}

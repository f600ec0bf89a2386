import type { Problem } from '../options/problems.ts'

const CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)([^\s:@/]*):([^\s/]*)@/gi
const SECRET_PARAMETERS = /([?&](?:password|passwd|pwd|token|secret|api_?key|access_key|sslpassword)=)[^&\s#]*/gi

/**
 * The text with the passwords of every URL in it, secret query parameters, and the given secrets replaced by `***`.
 * A user name stays: it is needed to find a mistake. Text that is a mangled URL should not be shown at all.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text.replace(CREDENTIALS, '$1$2:***@').replace(SECRET_PARAMETERS, '$1***')
  for (const secret of secrets) if (secret.length >= 6) clean = clean.replaceAll(secret, '***')
  return clean
}

/** The secrets a URL carries: its password, as written and decoded. Empty when it has none or is no URL. */
export function secretsOf(url: string): readonly string[] {
  if (!URL.canParse(url)) return []
  const { password } = new URL(url)
  if (password === '') return []
  const secrets = new Set([password])
  try {
    secrets.add(decodeURIComponent(password))
  } catch {
    // A stray percent sign: only the written form can be looked for.
  }
  return [...secrets]
}

/** A URL under a misspelt name is shown like any unknown option: not with the password in it. */
export function withoutPasswords(problems: readonly Problem[]): readonly Problem[] {
  return problems.map((problem) => {
    const { received } = problem
    return typeof received === 'string' ? { ...problem, received: redact(received) } : problem
  })
}

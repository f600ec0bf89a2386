/** Formats that are secrets by themselves: web tokens, keys with a well-known prefix, bot tokens. */
export const FORMATS = [
  String.raw`(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)*`,
  String.raw`(?<![A-Za-z0-9])(?:bot)?\d{6,12}:[\w-]{30,}`,
  String.raw`(?<![A-Za-z0-9])(?:sk|pk|rk|whsec|ghp|gho|ghs|ghu|ghr|github_pat|glpat|xox[abeprs]|xapp|npm|pypi|hf|hvs|shpat|shpss|shpca|dop_v1|dckr_pat|GOCSPX)[_-][\w-]{16,}`,
  String.raw`(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])`,
  String.raw`(?<![A-Za-z0-9])AIza[\w-]{35}`,
  String.raw`(?<![A-Za-z0-9])SG\.[\w-]{16,}\.[\w-]{16,}`,
  String.raw`(?<![A-Za-z0-9])ya29\.[\w-]{10,}`,
].join('|')

interface Preceded {
  /** What stays. It begins with something rare, so that a search stays quick. */
  readonly prefix: string
  /** What is masked. */
  readonly value: string
}

/** Secrets that are known by what stands before them. */
const PRECEDED: readonly Preceded[] = [
  { prefix: String.raw`hooks\.slack\.com\/(?:services|workflows|triggers)\/`, value: String.raw`[\w/-]{8,}` },
  { prefix: String.raw`discord(?:app)?\.com\/api\/(?:v\d{1,2}\/)?webhooks\/\d{1,25}\/`, value: String.raw`[\w-]{8,}` },
  // `curl -u user:password`; a container runs as `-u 1000:1000`.
  {
    prefix: String.raw`(?<=\s)(?:-u|--user)[ =]{0,4}["']?(?!\d+:)[^\s:"'@]{1,64}:`,
    value: String.raw`(?!\/\/)[^\s"']+`,
  },
  {
    prefix: String.raw`-p(?<=\s-p)(?<=\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump|sshpass)\b[^\n]{0,80}\s-p)`,
    value: String.raw`(?:'[^'\n]+|"[^"\n]+|[^\s'"]+)`,
  },
  { prefix: String.raw`jdbc:oracle:(?:thin|oci8?):[^\s/@:]{1,64}\/`, value: String.raw`[^\s@"']{1,128}(?=@)` },
  // A command of Redis, alone on its line.
  {
    prefix: String.raw`AUTH (?<=(?:^|[\n"'>] ?)AUTH )(?:[\w.@-]{1,64} )?`,
    value: String.raw`(?!failed|failure|required|error|ok\b)[^\s"'<>]{1,512}(?=[ \t]{0,8}(?:["'\r\n]|$))`,
  },
  // `host:port:database:user:password`, as in .pgpass. An IPv6 address has hexadecimal parts only.
  {
    prefix: String.raw`:(?:\d{2,5}|\*):[\w*-]{1,63}:[\w.*-]{1,63}:(?<!(?:[\da-f]{0,4}:){4})(?<=(?:^|[\s"'])[\w.*-]{1,100}:[^\s:]{1,5}:[^\s:]{1,63}:[^\s:]{1,63}:)`,
    value: String.raw`[^\s:"']{1,256}(?![^\s"'])`,
  },
  { prefix: String.raw`(?:IDENTIFIED|identified) (?:BY|by) ["']`, value: String.raw`[^\s"';]+` },
]

/** Where one of them begins: `prefix`, followed by a value. */
export const PRECEDED_START = PRECEDED.map(({ prefix, value }) => `${prefix}(?=${value})`).join('|')

const matchers = PRECEDED.map(({ prefix, value }) => new RegExp(`(${prefix})${value}`, 'y'))

/** The value that stands after a prefix at a place of a text. */
export function precededValue(text: string, at: number): { readonly start: number; readonly end: number } | undefined {
  for (const matcher of matchers) {
    matcher.lastIndex = at
    const match = matcher.exec(text)
    if (match !== null) return { start: at + match[1]!.length, end: at + match[0].length }
  }
  return undefined
}

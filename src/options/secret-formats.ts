import { endOfLine, type Found, LastMatch } from './found.ts'

/** A format found by its first three characters, in lower case; any character may follow a shorter start. */
interface Format {
  readonly starts: readonly string[]
  /** With the flag `y`. */
  readonly pattern: RegExp
}

const DIGITS = '0 1 2 3 4 5 6 7 8 9'.split(' ')
const TWO_DIGITS = DIGITS.flatMap((first) => DIGITS.map((second) => first + second))
const THREE_DIGITS = DIGITS.flatMap((first) => TWO_DIGITS.map((others) => first + others))

const PREFIXES =
  'sk pk rk whsec ghp gho ghs ghu ghr github_pat glpat glrt gldt glft glptt glcbt glagent xoxa xoxb xoxc xoxd xoxe xoxp xoxr xoxs xapp npm pypi rubygems hf hvs shpat shpss shpca shppa dop_v1 doo_v1 dckr_pat dckr_oat GOCSPX lin_api ntn figd glsa glc sntrys sntryu PMAK pscale_tkn pscale_pw pscale_oauth sbp gsk r8 fo1 nfp rnd tskey xkeysib sq0csp CFPAT NRAK AGE-SECRET-KEY'.split(
    ' ',
  )

/** Formats that are secrets by themselves: web tokens, keys with a well-known prefix, bot tokens. */
export const FORMATS: readonly Format[] = [
  { starts: ['eyj'], pattern: /(?<![\w-])eyJ[\w-]{5,}\.(?:[\w-]{5,}|\.[\w-]{5,})(?:\.[\w-]*)*/y },
  { starts: ['bot', ...THREE_DIGITS], pattern: /(?<![A-Za-z0-9])(?:bot)?\d{6,12}:[\w-]{30,}/y },
  {
    starts: PREFIXES.flatMap((prefix) => [`${prefix}_`, `${prefix}-`]).map((start) => start.slice(0, 3).toLowerCase()),
    pattern: new RegExp(String.raw`(?<![A-Za-z0-9])(?:${PREFIXES.join('|')})[_-][\w-]{16,}`, 'y'),
  },
  { starts: ['aki', 'asi'], pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/y },
  { starts: ['hvs', 'hvb'], pattern: /(?<![A-Za-z0-9])hv[sb]\.[\w-]{16,}/y },
  { starts: ['dap'], pattern: /(?<![A-Za-z0-9])dapi[\da-f]{32}/y },
  { starts: ['key'], pattern: /(?<![A-Za-z0-9])key-[\da-z]{32}(?![\w-])/y },
  {
    starts: [...DIGITS.map((digit) => `sk${digit}`), ...'abcdef'.split('').map((letter) => `sk${letter}`)],
    pattern: /(?<![A-Za-z0-9])SK[\da-f]{32}(?![\w-])/y,
  },
  { starts: ['ata'], pattern: /(?<![A-Za-z0-9])ATATT3[\w=-]{30,}/y },
  {
    starts: DIGITS.map((digit) => `v${digit}.`),
    pattern: /(?<![A-Za-z0-9])v\d\.(?:local|public)\.[\w-]{20,}(?:\.[\w-]+)?/y,
  },
  // Hashes of passwords, and numbers of cards.
  { starts: ['$2a', '$2b', '$2y'], pattern: /\$2[aby]\$\d\d\$[./\w]{53}/y },
  { starts: ['$ar'], pattern: /\$argon2(?:id|i|d)\$[\w=,$+/.]{16,}/y },
  {
    starts: THREE_DIGITS.filter((digits) => /^[3-6]/.test(digits)),
    pattern: /(?<![\w.-])[3-6]\d{3}([ -])\d{4}\1\d{4}\1\d{4}(?![\w.-])/y,
  },
  { starts: ['aiz'], pattern: /(?<![A-Za-z0-9])AIza[\w-]{35}/y },
  { starts: ['sg.'], pattern: /(?<![A-Za-z0-9])SG\.[\w-]{16,}\.[\w-]{16,}/y },
  { starts: ['ya2'], pattern: /(?<![A-Za-z0-9])ya29\.[\w-]{10,}/y },
]

interface Preceded extends Omit<Format, 'pattern'> {
  /** Empty if a command is searched for first. */
  readonly pattern: RegExp | ''
  /** With the flag `y`; the value follows its first group. */
  readonly whole: RegExp
  /** The command required in the 100 characters before, on the same line. */
  readonly command: LastMatch | undefined
}

/** @param command with the flag `g` */
const known = (starts: readonly string[], prefix: string, value: string, command?: RegExp): Preceded => {
  const whole = new RegExp(`(${prefix})${value}`, 'y')
  if (command === undefined) return { starts, pattern: whole, whole, command }
  // Few texts contain a command, so it is searched for first.
  return { starts, pattern: '', whole, command: new LastMatch(command) }
}

/** An argument of a command. */
const WORD = String.raw`(?:'[^'\n]+|"[^"\n]+|[^\s'"]+)`

/** Secrets recognized by the text before them. */
export const PRECEDED: readonly Preceded[] = [
  known(['hoo'], String.raw`hooks\.slack\.com\/(?:services|workflows|triggers)\/`, String.raw`[\w/-]{8,}`),
  known(['/se'], String.raw`\/services\/(?=[TB][A-Z\d]{6,}\/)`, String.raw`[\w/-]{8,}`),
  known(['/ap', '/we'], String.raw`(?:\/api(?:\/v\d{1,2})?)?\/webhooks\/\d{15,25}\/`, String.raw`[\w-]{8,}`),
  known(['dis'], String.raw`discord(?:app)?\.com\/api\/(?:v\d{1,2}\/)?webhooks\/\d{1,25}\/`, String.raw`[\w-]{8,}`),
  // `curl -u user:password`; a container runs as `-u 1000:1000`.
  known(
    ['-u', '--u', '--p'],
    String.raw`(?<=[\s"'])(?:-u|-U|--user|--proxy-user)(?:[ =]{0,4}["']?|["'], ?["'])(?!\d+:)[^\s:"'@]{1,64}:`,
    String.raw`(?!\/\/)[^\s"']+`,
  ),
  known(['-p'], String.raw`-p(?<=[\s"']-p)`, WORD, /\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump|sshpass)\b/g),
  known(
    ['-p'],
    String.raw`-[pP] (?<=\s-[pP] )`,
    WORD,
    /\b(?:mongo\w{0,10}|(?:docker|podman|nerdctl|oras|az|registry) login|sqlcmd|bcp|zip|unzip|sshpass|vsce|ovsx|twine|cqlsh|mosquitto_\w{3,5})\b/g,
  ),
  known(['-p'], String.raw`-p(?<=\s-p)`, WORD, /\b7z[ar]?\b/g),
  known(['/p'], String.raw`\/[pP] (?<=\s\/[pP] )`, WORD, /\b(?:sqlcmd|osql|isql|bcp)\b/gi),
  known(
    ['-p', '/p'],
    String.raw`[-/]P(?<=\s[-/]P)`,
    String.raw`(?!ort\b|ath\b)${WORD}`,
    /\b(?:sqlcmd|osql|isql|bcp)\b/gi,
  ),
  known(['-a'], String.raw`-a (?<=\s-a )`, WORD, /\b(?:redis|valkey)-cli\b/g),
  known(['-a', '--a'], String.raw`-(?:a|-auth) (?<=\s--?\w{1,4} )[^\s:"']{1,64}:`, WORD, /\b(?:https?|xhs?)\b/g),
  known(['-a', '-p'], String.raw`-[aAP] (?<=\s-[aAP] )[^\s:"']{1,64}:`, WORD, /\b(?:ab|hey|oha|bombardier)\b/g),
  known(['-u'], String.raw`-U (?<=\s-U )[^\s%]{1,64}%`, WORD, /\b(?:smbclient|rpcclient)\b/g),
  known(['-k'], String.raw`-k (?<=\s-k )`, WORD, /\b(?:nuget push|openssl enc)\b/g),
  known(['-t'], String.raw`-t (?<=\s-t )`, WORD, /\bk6 (?:cloud )?login\b/g),
  known(['--k'], String.raw`--key[ =](?<=\s--key[ =])`, WORD, /\bartillery\b/g),
  known(['sql'], String.raw`sqlplus (?:-\w{1,8} ){0,3}[^\s/@"']{1,64}/`, String.raw`[^\s@"']{1,128}(?=@)`),
  known(['vau'], String.raw`vault login (?:-\S{1,40} ){0,3}(?=\S{0,200}\d)`, WORD),
  known(['ech'], String.raw`echo (?:-n )?["']?`, String.raw`[^\s"'|]{1,512}(?=["']? {0,4}\|[^|\n]{1,200}-stdin)`),
  known(['::a'], '::add-mask::', String.raw`[^\r\n]+`),
  known(['-w'], String.raw`-w (?<=\s-w )`, WORD, /\bldap\w{1,10}\b/g),
  known(['-e', '--c'], String.raw`-(?:E|-cert)[ =](?<=\s--?\w{1,4}[ =])[^\s:"']{2,200}:`, WORD, /\bcurl\b/g),
  // Tokens of WebSocket handshakes among the names of protocols.
  known(
    ['sec'],
    String.raw`[Ss]ec-[Ww]eb[Ss]ocket-[Pp]rotocol: {0,2}(?:[\w.-]{1,40}, {0,2}){1,4}`,
    String.raw`(?=[\w~+/=-]*\d)[\w~+/=-]{12,}(?![\w.])`,
  ),
  known(['bas'], String.raw`base64url\.bearer\.authorization\.k8s\.io\.`, String.raw`[\w-]+`),
  known(['web'], String.raw`webhook\.office\.com\/webhookb2\/`, String.raw`[^\s"'?]{8,}`),
  known(['jdb'], String.raw`jdbc:oracle:(?:thin|oci8?):[^\s/@:]{1,64}\/`, String.raw`[^\s@"']{1,128}(?=@)`),
  // A Redis command on its own line.
  known(
    ['aut'],
    String.raw`AUTH (?<=(?:^|[\n"'>] ?|HELLO \d )AUTH )(?:[\w.@-]{1,64} )?`,
    String.raw`(?!failed|failure|required|error|ok\b)[^\s"'<>]{1,512}(?=[ \t]{0,8}(?:["'\r\n]|$))`,
  ),
  known(['aut'], String.raw`AUTH\r?\n\$\d{1,4}\r?\n(?:[\w.@-]{1,64}\r?\n\$\d{1,4}\r?\n)?`, String.raw`\S+`),
  // URLs in JSON with escaped slashes, and in parameters of other URLs.
  known([':\\/'], String.raw`:\\{1,7}/\\{1,7}/[^\s"'@:/\\]{0,64}:`, String.raw`[^\s"'@\\]{1,256}(?=@)`),
  known(
    ['%3a'],
    String.raw`%3[Aa]%2[Ff]%2[Ff](?:(?!%3[Aa]|%40)[^\s"'/&]){0,64}%3[Aa]`,
    String.raw`(?:(?!%40|%2[Ff])[^\s"'/&]){1,256}(?=%40)`,
  ),
  // `host:port:database:user:password`, as in .pgpass. An IPv6 address has only hexadecimal parts.
  known(
    [...TWO_DIGITS, '*:'].map((port) => `:${port}`),
    String.raw`:(?:\d{2,5}|\*):[\w*-]{1,63}:[\w.*-]{1,63}:(?<!(?:[\da-f]{0,4}:){4})(?<=(?:^|[\s"'])[\w.*-]{1,100}:[^\s:]{1,5}:[^\s:]{1,63}:[^\s:]{1,63}:)`,
    String.raw`[^\s:"']{1,256}(?![^\s"'])`,
  ),
  known(
    ['ide'],
    String.raw`(?:IDENTIFIED|identified) (?:(?:WITH|with) [\w"'@-]{1,64} )?(?:BY|by|AS|as) (?:VALUES |PASSWORD )?["']?`,
    String.raw`[^\s"';]+`,
  ),
  known(['cry'], String.raw`crypt\(["']`, String.raw`[^"'\n]+`),
  known(['pra'], String.raw`(?:PRAGMA|pragma) (?:hex)?(?:re)?key ?= ?["']`, String.raw`[^"'\n]+`),
  // MySQL shows the value of a unique key, and Postgres the parameters of a statement.
  known(
    ['dup'],
    String.raw`Duplicate entry '`,
    String.raw`[^'\n]{1,512}(?=' for key '[\w.-]{0,64}(?:token|secret|passw|key|session|otp|code))`,
  ),
  known(['par'], String.raw`parameters: (?=\$1 = )`, String.raw`[^\n]+`),
  // Redis: settings, and a user of an access-control list.
  known(
    ['req', 'mas'],
    String.raw`(?<![\w-])(?:requirepass|masterauth|masterpass)[ \t]+["']?`,
    String.raw`(?!(?:is|was|must|has|not|for|and|or|in|to|of)\b)[^\s"']+`,
  ),
  known(['set', 'use'], String.raw`(?:SETUSER|setuser|user) [^\s>]{1,64} on [^\n>]{0,80}>`, String.raw`[^\s"']+`),
]

/** The value at an index where its pattern matches, after its command if it has one. */
export function preceded(text: string, { whole, command }: Preceded, index: number): Found | undefined {
  if (command !== undefined) {
    const { start, end } = command.before(text, index)
    if (start < Math.max(0, index - 100) || endOfLine(text, end) < index) return undefined
  }
  whole.lastIndex = index
  const match = whole.exec(text)
  if (match === null) return undefined
  const end = index + match[0].length
  return { start: index + match[1]!.length, end, next: end }
}

import { oneOf } from './found.ts'
import { looksRandom } from './sentence.ts'

/** How a value is encoded or hashed, rather than the value: `base64`, `sha256-hashed`, `argon2id`. */
const ENCODING =
  /^(?:aes|argon|ascii|base|bcrypt|crc|http|latin|md|oauth|pbkdf|rot|scrypt|sha|tls|utf|uuid|(?:es|hs|ps|rs)(?=256|384|512))[-_]?\d{1,4}(?:[-_]?[a-z]+)*$|^iso-\d{4}-\d+$/i
/** A number of something: `12-characters`, `30days`. */
const AMOUNT = /^\d+[-_]?(?:bit|byte|char|day|digit|hour|letter|minute|month|second|time|week|year)[a-z-]*$/i

/** Endings of words that describe a value: adjectives, participles, adverbs. */
const DESCRIBES =
  /(?:able|al|ant|ary|ate|body|case|ect|ed|en|ense|ent|ere|ete|ext|ful|ible|ic|ile|ing|ion|ise|ite|ive|less|ly|one|ory|ous|space|thing|ure|ute|wn|y)$/i

/**
 * Whether a word after `password is` is the password rather than a description of it: it contains a digit, a sign, or a
 * capital letter after a small one, or is long and has no ending of an adjective. A password that is a short or a common
 * word cannot be recognized.
 *
 * @param isLast whether the word ends a clause; other words without a digit or a sign are not recognized
 */
export function looksChosen(word: string, isLast: boolean): boolean {
  if (word.length < MIN_CHOSEN || !/[a-z]/i.test(word) || isDescription(word)) return false
  if (/\d|[!$%&*?@^~]./.test(word)) return true
  if (!isLast || word.length < MIN_PLAIN || !/^[a-z]+$/i.test(word)) return false
  return /[a-z][A-Z]/.test(word) || !DESCRIBES.test(word)
}

const MIN_CHOSEN = 6
const MIN_PLAIN = 8

/** Whether a word after `password ->` says what happens with the password: `hashed`, `bcrypt`. */
export function saysWhatHappens(word: string): boolean {
  return isDescription(word) || (/^[a-z]+$/.test(word) && (DESCRIBES.test(word) || /crypt$|^hash$/.test(word)))
}

/** Whether a word is certainly a secret if it follows the name of one. */
export function looksSecret(text: string, start: number, end: number): boolean {
  if (looksRandom(text, start, end)) return end - start > MAX_DESCRIPTION || !isDescription(text.slice(start, end))
  return looksUnspoken(text, start, end)
}

function isDescription(word: string): boolean {
  return ENCODING.test(word) || AMOUNT.test(word)
}

const MAX_DESCRIPTION = 24

/** Whether letters are random: hexadecimal digits, often in other cases, or with too few vowels for a word. */
export function looksUnspoken(text: string, start: number, end: number): boolean {
  const length = end - start
  if (length < MIN_LETTERS || length > MAX_LETTERS) return false
  let [changes, vowels, consonants, most, others] = [0, 0, 0, 0, 0]
  for (let at = start, last = 0; at < end; at++) {
    const code = text.charCodeAt(at)
    const letter = code | 32
    if (letter < 97 || letter > 122) return false
    if (at > start && (code & 32) !== (last & 32)) changes++
    if (letter > LETTER_F) others++
    consonants = isVowel(letter) ? 0 : consonants + 1
    if (consonants === 0) vowels++
    if (consonants > most) most = consonants
    last = code
  }
  return (others === 0 && changes === 0) || changes * 2.5 >= length || vowels * 4 < length || most >= MANY_CONSONANTS
}

/** Length of a word that may be a secret without a digit. */
const MIN_LETTERS = 16
const MAX_LETTERS = 200
const MANY_CONSONANTS = 5
const LETTER_F = 102
const isVowel = oneOf('aeiouy')

/** Units of one value: formatters may show a thousandth (`1.50 s`), a hundredfold (`12%`), or binary multiples (`304 MiB`). */
const FACTORS = [1, 1 / 1000, 100, 1 / 1024, 1 / 1024 ** 2, 1 / 1024 ** 3, 1 / 1024 ** 4]
const NUMBER = /^-?[\d.,]+(?:e[+-]?\d+)?/
/** Digits that tell two numbers apart. */
const MAX_DIGITS = 17

type Show = (value: number) => string

/** A limit as it was written: `100.03 ms`, although a value of that size is shown as `100 ms`. */
export function limitText(limit: number, show: Show): string {
  return atLeastAs(limit, show, (shown) => isSame(shown, limit))
}

/**
 * A value with so many digits that it is on the same side of the limit as the number that was compared: `100.04 ms` next to
 * `100.03 ms`, although a value of that size is shown as `100 ms`.
 */
export function valueText(value: number, limit: number, show: Show): string {
  return atLeastAs(value, show, (shown) => {
    const differs = value !== limit && isSame(shown, limit)
    return !differs && Math.sign(rounded(shown) - rounded(limit)) === Math.sign(rounded(value) - rounded(limit))
  })
}

/** The text of a value, with the fewest digits for which `isEnough` accepts the number shown. */
function atLeastAs(value: number, show: Show, isEnough: (shown: number) => boolean): string {
  const text = show(value)
  const number = NUMBER.exec(text)?.[0]
  if (number === undefined || !Number.isFinite(value)) return text
  const factor = factorOf(value, readNumber(number), show)
  if (isEnough(readNumber(number) / factor)) return text
  const unit = text.slice(number.length)
  for (let digits = 4; digits <= MAX_DIGITS; digits++) {
    const shown = Number((value * factor).toPrecision(digits))
    if (isEnough(shown / factor)) return withThousands(shown, show) + unit
  }
  return withThousands(value * factor, show) + unit
}

/** By what a formatter multiplies a value; a rounded number suffices to find it. */
function factorOf(value: number, shown: number, show: Show): number {
  const [from, to] = shown === 0 ? [1, readNumber(NUMBER.exec(show(1))?.[0] ?? '1')] : [value, shown]
  const distance = (factor: number) => Math.abs(Math.log(Math.abs(to / (from * factor))))
  return FACTORS.toSorted((a, b) => distance(a) - distance(b))[0]!
}

function readNumber(text: string): number {
  return Number(text.replaceAll(',', ''))
}

/** Whether two numbers are the same decimal: 0.07 is shown as 7%, and 7 / 100 is not exactly 0.07. */
function isSame(one: number, other: number): boolean {
  return rounded(one) === rounded(other)
}

function rounded(value: number): number {
  return Number.isSafeInteger(value) ? value : Number(value.toPrecision(15))
}

/** The shortest text of a number, with separated thousands if the formatter separates them. */
function withThousands(value: number, show: Show): string {
  const text = String(value)
  return show(1234).includes(',') ? text.replace(/^-?\d+/, (whole) => whole.replace(/\d(?=(?:\d{3})+$)/g, '$&,')) : text
}

/** Names similar to a given one, best first: by edit distance, names with common words first. */
export function nearNames(given: string, known: Iterable<string>, count = 4): string[] {
  const words = new Set(given.split('_'))
  return [...known]
    .map((name) => {
      const shared = name.split('_').filter((word) => words.has(word)).length
      return { name, distance: editDistance(given, name) - 3 * shared }
    })
    .toSorted((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, count)
    .map(({ name }) => name)
}

/** Levenshtein distance: insertions, deletions and substitutions from one string to the other. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(substitution, previous[j]! + 1, row[j - 1]! + 1))
    }
    previous = row
  }
  return previous[b.length]!
}

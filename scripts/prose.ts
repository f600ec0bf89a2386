/**
 * Idioms that this project no longer uses, each with its replacement. The list only prevents replaced words from coming
 * back; it does not check grammar.
 */
export const IDIOMS: readonly (readonly [idiom: RegExp, better: string])[] = [
  [/\b(?:put(?:s|ting)?(?: it| them)? away|puts? everything away)\b/i, 'clean up'],
  [/\bmend(?:s|ed|ing)?\b/i, 'fix'],
  [/\bguardians?\b/i, 'reaper'],
  [/\bmetronomes?\b/i, 'wakeup timer'],
  [/\blookouts?\b/i, 'monitor'],
  [/\bphantoms?\b/i, 'unexpected'],
  [/\bbefell\b/i, 'name the thing, not its fate'],
  [/\b(?:what|nothing|something) speaks against\b/i, 'reasons not to'],
  [/\bnobody's (?:mistake|failure)\b/i, 'not a mistake'],
  [/\bwhere there (?:is|are) (?:none|no)\b/i, 'if there is none'],
  [/\bwhoever runs scenarios\b/i, 'the runner of scenarios'],
  [/\bstrangers?\b/i, 'consumer, or unknown'],
  [/\boffenders?\b/i, 'violations'],
  [/\bconversants?\b/i, 'VU of a conversation'],
  [/\b(?:it|they) fares?\b/i, 'name the figure'],
  [/\bspeaks? of\b/i, 'is about'],
  [/\bruns? elsewhere\b/i, 'is external'],
  [/\bunanswered\b/i, 'without a response'],
  [/\bturned round\b/i, 'swapped'],
  [/\b(?:that|which|of nothing) (?:is|are) none\b/i, 'if there is none'],
  [
    /(?<!\bthere )\bis no (?:name|number|list|object|function|array|string|error|mistake|request|header|option)\b/i,
    'is not a',
  ],
  [/\bis not an option here\b/i, 'unknown option'],
  [/\breceived: nothing\b/i, 'Received: undefined'],
  [/\bDo this:|\bHint: {2}/, 'Fix:'],
  [/\b(?:target|server|engine|route|client) (?:never )?answer(?:s|ed)?\b/i, 'respond'],
]

/** One use of an idiom. */
export interface Finding {
  readonly line: number
  readonly found: string
  readonly better: string
}

/** Uses of the idioms in a text, at most one per idiom and line. */
export function findIdioms(text: string): readonly Finding[] {
  return text.split('\n').flatMap((line, index) =>
    IDIOMS.flatMap(([idiom, better]) => {
      const found = idiom.exec(line)?.[0]
      return found === undefined ? [] : [{ line: index + 1, found, better }]
    }),
  )
}

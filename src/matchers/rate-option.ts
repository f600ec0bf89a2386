import type { SampleScope } from '../evidence/sample-size.ts'

/** The option that brings more of the things counted: deliveries and messages follow from publications. */
export function rateOptionOf(evidence: object, noun: string): SampleScope['rateOption'] {
  const { publishedPerSec } = evidence as { readonly publishedPerSec?: number }
  if (publishedPerSec === undefined || !/^(deliveries|messages)/.test(noun)) return undefined
  return { name: 'publish.rate', perSec: publishedPerSec }
}

import fc from 'fast-check'

// The first failure detects a mutant, nearly always within a few examples. Shrinking, or running all examples for each of
// thousands of mutants, would take hours.
fc.configureGlobal({ endOnFailure: true, numRuns: 40 })

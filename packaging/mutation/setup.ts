import fc from 'fast-check'

// A mutant is found out by the first failure, and nearly always within a few draws: looking for a smaller example, or at
// all draws for each of thousands of mutants, takes hours.
fc.configureGlobal({ endOnFailure: true, numRuns: 40 })

import fc from 'fast-check'

// A mutant is found out by the first failure: looking for a smaller one would take up to the time-out.
fc.configureGlobal({ endOnFailure: true })

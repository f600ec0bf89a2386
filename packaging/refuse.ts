/** The repository runs its sources as they are, which Node does not do for a package: what is published is `dist/`. */
console.error('Pack or publish the built package: npm run build && npm pack ./dist (npm publish ./dist)')
process.exit(1)

/** Prevents packing the repository: Node does not run TypeScript sources of packages, so only `dist/` is published. */
console.error(
  'the repository cannot be packed or published\nFix: npm run build && npm pack ./dist (or npm publish ./dist)',
)
process.exit(1)

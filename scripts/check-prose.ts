import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { findIdioms } from './prose.ts'

/**
 * Fails if comments, messages or pages use a replaced idiom: `npm run prose`, a part of `npm run check`. The changelog and
 * the list of idioms are left out.
 */
const CHECKED = ['*.ts', '*.md', ':!CHANGELOG.md', ':!scripts/prose.ts', ':!scripts/prose.test.ts']

const files = execFileSync('git', ['ls-files', ...CHECKED], { encoding: 'utf8' })
  .trim()
  .split('\n')
const findings = files.flatMap((file) =>
  findIdioms(readFileSync(file, 'utf8')).map(
    ({ line, found, better }) => `${file}:${line}: "${found}", write: ${better}`,
  ),
)
for (const finding of findings) console.error(finding)
process.exitCode = findings.length > 0 ? 1 : 0

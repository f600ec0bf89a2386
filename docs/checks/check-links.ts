import { brokenLinks } from './links.ts'

const broken = brokenLinks()
for (const link of broken) console.error(link)
console.log(broken.length === 0 ? 'no broken links' : `${broken.length} broken links`)
process.exitCode = broken.length === 0 ? 0 : 1

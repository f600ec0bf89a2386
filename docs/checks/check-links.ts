import { brokenLinks } from './links.ts'

const broken = brokenLinks()
for (const link of broken) console.error(link)
console.log(broken.length === 0 ? 'every link leads somewhere' : `${broken.length} links lead nowhere`)
process.exitCode = broken.length === 0 ? 0 : 1

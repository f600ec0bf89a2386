export { Random } from '../stats/random.ts'

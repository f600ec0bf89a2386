import { formatCount } from '../stats/units.ts'
import type { SilentClients } from './result.ts'

/** `2 of 240 clients received nothing of what was due to them: client 7, client 12` */
export function describeSilentClients({ count, of, first }: SilentClients): string {
  const more = count - first.length
  const names = first.map((client) => `client ${client}`).join(', ')
  const rest = more > 0 ? ` and ${formatCount(more)} more` : ''
  return `${formatCount(count)} of ${formatCount(of)} clients received nothing of what was due to them: ${names}${rest}`
}

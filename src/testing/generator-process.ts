/**
 * A generator for tests of lost and hung processes: `node generator-process.ts <place as JSON>`. Each line on its standard
 * input is a command; what happens is printed as one line of JSON each.
 */
import { createInterface } from 'node:readline'
import { openRendezvous } from '../generators/index.ts'
import type { GeneratorPlace } from '../generators/place.ts'
import type { SecondTally } from '../generators/rendezvous.ts'
import { monotonicNs, now } from '../machine/clock.ts'

const place = JSON.parse(process.argv[2]!) as GeneratorPlace
const rendezvous = await openRendezvous(place, 'test')
let second = 0

function print(event: string, details: object = {}): void {
  // The clock of the machine, so that a test can compare processes.
  process.stdout.write(`${JSON.stringify({ event, atMs: Number(monotonicNs()) / 1e6, ...details })}\n`)
}

function failed({ message }: Error): { readonly error: string } {
  return { error: message }
}

rendezvous.onAbort((reason) => print('abort', { reason }))
rendezvous.onTally((sums) => print('tally', { second: sums.second, offered: sums.offered }))

const COMMANDS: Readonly<Record<string, (argument: string) => unknown>> = {
  async barrier(key) {
    print('met', await rendezvous.barrier(key, place.index).then((values) => ({ values }), failed))
  },
  async start(key) {
    const { atMs, errorMs } = await rendezvous.startAt(key)
    await new Promise((resolve) => setTimeout(resolve, atMs - now()))
    print('started', { errorMs })
  },
  async once(key) {
    print('value', await rendezvous.once(key, async () => place.index).then((value) => ({ value }), failed))
  },
  async compute(key) {
    await rendezvous.once(key, () => {
      print('computing')
      return new Promise<never>(() => {})
    })
  },
  async gather(key) {
    const part = new Uint8Array([place.index])
    const gathered = await rendezvous.gather(key, part).then(
      (parts) => ({ parts: parts.map(([index]) => index) }),
      (error: Error & { readonly parts?: readonly Uint8Array[] }) => ({
        ...failed(error),
        parts: error.parts?.map(([index]) => index),
      }),
    )
    print('gathered', gathered)
  },
  beat() {
    const tally: SecondTally = { second: ++second, offered: 10, sent: 10, completed: 10, dropped: 0, errors: {}, targetErrors: 0 } // prettier-ignore
    rendezvous.beat(tally)
  },
  abort: (cause) => rendezvous.abort({ kind: 'stopped', cause }),
  hang(ms) {
    print('hanging')
    const endMs = now() + Number(ms)
    while (now() < endMs);
    print('awake')
  },
  async leave() {
    await rendezvous[Symbol.asyncDispose]()
    print('left')
    process.exit()
  },
}

createInterface(process.stdin).on('line', (line) => {
  const [command = '', argument = ''] = line.split(' ', 2)
  void COMMANDS[command]!(argument)
})
print('joined')

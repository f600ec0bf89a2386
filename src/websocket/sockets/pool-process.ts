import { GeneratorMonitor } from '../../execution/generator-monitor.ts'
import { setImmediate } from '../../machine/clock.ts'
import { EventBatcher } from './event-batcher.ts'
import { LocalPool } from './local-pool.ts'
import type { Command, Report } from './pool-protocol.ts'

/**
 * A process that holds sockets for another: started by `process-pool.ts`, runs until told to close or until the other
 * side is gone. It runs none of the scenario's functions.
 */
const batcher = new EventBatcher(() => setImmediate(flush))
const watch = new GeneratorMonitor(() => pool?.openCount ?? 0)
let pool: LocalPool | undefined

function flush(): void {
  report({ is: 'events', events: batcher.take(pool?.openCount ?? 0) })
}

function report(message: Report): void {
  // The channel may close at any moment; `disconnect` then ends us.
  if (process.connected) process.send!(message, () => {})
}

function obey(command: Command): void {
  switch (command.do) {
    case 'start':
      pool = new LocalPool(command.options, batcher)
      return
    case 'connect':
      return pool!.connect(command.client, command.handshake)
    case 'send':
      return pool!.send(command.client, command.frames)
    case 'drop':
      return pool!.drop(command.client)
    case 'watch':
      return watch.start()
    case 'unwatch':
      watch.stop()
      return report({ is: 'health', health: watch.health() })
    case 'close':
      void pool!.close(command.withinMs).then(() => process.exit())
  }
}

process.on('message', (commands: readonly Command[]) => commands.forEach(obey))
process.on('disconnect', () => process.exit())
// Ctrl-C and the end of a terminal reach every process in it; the one that started us decides what becomes of it.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})

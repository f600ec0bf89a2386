import { GeneratorMonitor } from '../../execution/generator-monitor.ts'
import { setImmediate } from '../../machine/clock.ts'
import { outliveSignals } from '../../machine/outlive-signals.ts'
import { EventBatcher } from './event-batches.ts'
import { LocalPool } from './local-pool.ts'
import type { Command, Report } from './pool-protocol.ts'

/**
 * A process that holds sockets for the main process. `process-pool.ts` starts it; it runs until the command `close`, or
 * until the main process exits. It runs none of the scenario's functions.
 */
const batcher = new EventBatcher(() => setImmediate(flush))
const watch = new GeneratorMonitor(() => pool?.openCount ?? 0)
let pool: LocalPool | undefined

function flush(): void {
  report({ is: 'events', events: batcher.take(pool?.openCount ?? 0) })
}

function report(message: Report): void {
  // The channel may close at any time; `disconnect` then exits this process.
  if (process.connected) process.send!(message, () => {})
}

function execute(command: Command): void {
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

process.on('message', (commands: readonly Command[]) => commands.forEach(execute))
process.on('disconnect', () => process.exit())
outliveSignals()

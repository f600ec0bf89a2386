import module from 'node:module'
import { outliveSignals } from '../machine/outlive-signals.ts'
import { holdCancel } from './early-cancel.ts'

// Preloaded first in the process of each scenario file: every rerun in watch mode starts a new process.
module.enableCompileCache()

const restoreSigterm = outliveSignals()

interface VitestMessage {
  readonly type?: string
  readonly __vitest_worker_request__?: boolean
  /** Method of a remote call. */
  readonly m?: string
}

/** Vitest ends a worker by SIGTERM after its message to stop. */
function onMessage(message: VitestMessage): void {
  if (message.__vitest_worker_request__ === true && message.type === 'stop') restoreSigterm()
  holdCancel(message)
}

// With Vitest's listener, not before: Node.js delivers the first messages to the first listener.
process.on('newListener', function follow(event: string | symbol) {
  if (event !== 'message') return
  process.off('newListener', follow)
  process.on('message', onMessage)
})

/**
 * Entry of the reaper's process: `node reaper-process.ts <record>`. Its standard input is a pipe from the main process,
 * which ends when the main process exits, for any reason.
 */
import { setTimeout, sleep } from '../../machine/clock.ts'
import { cleanUp } from './cleanup.ts'
import { readRecord, removeRecord } from './resource-log.ts'

const path = process.argv[2]
if (path === undefined) throw new Error('reaper-process requires the path of a run record')

// A signal to the whole group, or a closed terminal, must not prevent the cleanup.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

process.stdin.on('error', () => void finish(path))
process.stdin.on('end', () => void finish(path))
process.stdin.resume()

/** Time limit, as an engine may accept requests and never respond. The record then stays for the next run. */
const LIMIT_MS = 60_000
const PAUSE_MS = 500

async function finish(record: string): Promise<void> {
  setTimeout(() => process.exit(1), LIMIT_MS)
  let kept = readRecord(record)?.leftovers ?? []
  for (;;) {
    kept = await cleanUp(kept, true)
    if (kept.length === 0) break
    await sleep(PAUSE_MS)
  }
  removeRecord(record)
  process.exit()
}

/**
 * Entry of the reaper's own process: `node reaper-process.ts <record>`. Its standard input is a pipe from the main
 * process; the end of that pipe is the end of the main process, for whatever reason.
 */
import { setTimeout, sleep } from '../../machine/clock.ts'
import { cleanUp } from './cleanup.ts'
import { readRecord, removeRecord } from './resource-log.ts'

const path = process.argv[2]
if (path === undefined) throw new Error('reaper-process needs the path of a run record')

// A signal sent to a whole group, or a closed terminal, is no reason to leave anything behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

process.stdin.on('error', () => void finish(path))
process.stdin.on('end', () => void finish(path))
process.stdin.resume()

/** An engine that takes requests and does not respond to them must not keep this process for ever; the record stays then. */
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

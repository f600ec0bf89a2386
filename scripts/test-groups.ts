/**
 * Groups of the project's own test files, for `vitest.config.ts`. A group begins when the previous one has ended. A file
 * that no pattern matches belongs to the last group, in which at most two files run at the same time.
 */

/**
 * Files that only compute. They share two processes, which saves the start of one for each file. They start nothing,
 * replace no module, and restore what they change.
 */
export const PURE: readonly string[] = [
  'src/{evidence,execution,history,load,options,results,runs,stats}/**/*.test.ts',
  'src/{comparison,ledger,matchers,metrics}/*.test.ts',
  'src/report/{html/charts,markdown,terminal}/*.test.ts',
  'src/websocket/conversation/{first-messages,framed-connections}.test.ts',
  'src/websocket/fan-out/{client-set,clients,delivery-tracker,fan-out-invalidities,identifier,moves}.test.ts',
  'src/websocket/fan-out/{open-deliveries,publisher-clock,target-ids}.test.ts',
  'src/websocket/protocols/{failures,framings,pending,streams}.test.ts',
  'src/websocket/sockets/{application-heartbeats,event-batches,failure-kinds,handshakes}.test.ts',
]

/** Files in the folders of {@link PURE} that need their own process. */
export const NOT_PURE: readonly string[] = [
  'src/comparison/{builds,compare-builds,fixture}.test.ts',
  'src/execution/{generator-monitor,loop-delay}.test.ts',
  'src/ledger/{ledger,read-only,replica}.test.ts',
  'src/load/{pacer-order,share.properties,wakeup-timer}.test.ts',
  'src/matchers/{given-up,runner}.test.ts',
  'src/metrics/{exporter,metrics,places,server-side}.test.ts',
  'src/options/{redact,registered-secrets,tls-options}.test.ts',
]

/**
 * Files that load a server of their own or start services, and wait most of the time: three of them use less than two
 * cores. They set no limits for the generator, or expect nothing that a busy machine would change.
 */
export const WAITING: readonly string[] = [
  'fixtures/{faults,ledger,target}/*.test.ts',
  'src/{chaos,services,websocket}/**/*.test.ts',
]

/**
 * Files that measure time. They use little of the processor, and nothing that uses much runs at the same time: no services,
 * no other Vitest.
 */
export const TIMED: readonly string[] = [
  'src/{capacity,execution,http,load,metrics,micro}/**/*.test.ts',
  'src/comparison/compare-builds.test.ts',
]

/** The files that take longest, slowest first. They begin first, so that none of them runs alone at the end. */
export const SLOWEST: readonly string[] = [
  'fixtures/ledger/faults.test.ts',
  'src/config/generators.test.ts',
  'src/websocket/fan-out/fan-out.test.ts',
  'fixtures/faults/faults.test.ts',
  'src/report/stopped.test.ts',
  'src/generators/events.test.ts',
  'src/websocket/protocols/protocols.test.ts',
  'src/services/reaper/cleanup.test.ts',
  'src/cli/compare.test.ts',
  'src/http/connections.test.ts',
  'src/report/reporter.test.ts',
  'src/websocket/conversation/conversation.test.ts',
  'src/websocket/fan-out/membership.test.ts',
  'src/config/watch-mode.test.ts',
  'src/report/channels.test.ts',
  'src/fixtures/audit.test.ts',
  'src/websocket/fan-out/rooms.test.ts',
  'src/websocket/unresolved-functions.test.ts',
  'src/websocket/fan-out/feed.test.ts',
  'src/websocket/framing.test.ts',
  'src/report/watch.test.ts',
  'src/report/reporter-failures.test.ts',
  'src/websocket/fan-out/rejected-moves.test.ts',
  'src/config/interrupts.test.ts',
  'src/websocket/fan-out/hostile-servers.test.ts',
  'src/http/idle-connections.test.ts',
]

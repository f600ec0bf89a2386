import { enableCompileCache } from 'node:module'

// Preloaded in the process of each scenario file, before anything else is: every re-run in watch mode starts one anew.
enableCompileCache()

// Ctrl-C and the end of a terminal reach every process in it. The main process stops the load, and reports it.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})

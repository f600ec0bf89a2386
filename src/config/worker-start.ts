import { enableCompileCache } from 'node:module'

// Preloaded first in the process of each scenario file: every rerun in watch mode starts a new process.
enableCompileCache()

// Ctrl-C and a closed terminal signal every process in it. The main process stops the load and reports it.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})

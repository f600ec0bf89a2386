import { enableCompileCache } from 'node:module'

// Preloaded in the process of each scenario file, before anything else is: every re-run in watch mode starts one anew.
enableCompileCache()

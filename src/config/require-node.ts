import { nodeMessage } from '../machine/node-version.ts'

// The first import of the entry file: it is evaluated before anything that needs a later version of Node.
const message = nodeMessage(process.versions.node)
if (message !== undefined) {
  const error = new Error(message)
  error.stack = message
  throw error
}

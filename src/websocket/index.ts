/** What of the WebSocket engine is public. */
export { socketIo, socketIoEvent, type SocketIoOptions } from './socket-io.ts'
export type {
  AnswerContext,
  ConversationOptions,
  ExchangeContext,
  ExchangeOption,
  Speaker,
} from './conversation-options.ts'
export type { FanOutOptions, PublicationToSend } from './fan-out-options.ts'
export type { FramedConnection, FramedSocket, Framing } from './framing.ts'
export type { Identification, IdentifyResult } from './identifier.ts'
export type { Message, Outgoing } from './message.ts'
export type { SocketOptions } from './socket-options.ts'
export type { TlsOptions as WebSocketTlsOptions } from './tls-options.ts'
export type { WebSocketLoad } from './websocket.ts'

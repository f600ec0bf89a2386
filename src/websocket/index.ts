/** What of the WebSocket engine is public. */
export { delimited, type DelimitedOptions } from './protocols/delimited.ts'
export { lengthPrefixed, type LengthPrefixedOptions } from './protocols/length-prefixed.ts'
export { socketIo, socketIoEvent, type SocketIoOptions } from './protocols/socket-io.ts'
export type {
  AnswerContext,
  ConversationOptions,
  ExchangeContext,
  ExchangeOption,
  Speaker,
} from './conversation-options.ts'
export type { FanOutOptions, PublicationToSend } from './fan-out-options.ts'
export type { FramedConnection, FramedSocket, Framing, FramingHeartbeat } from './framing.ts'
export type { Identification, IdentifyResult } from './identifier.ts'
export { Message, type MessageOrigin, type Outgoing } from './message.ts'
export type { HeartbeatOption, SocketOptions } from './socket-options.ts'
export type { TlsOptions as WebSocketTlsOptions } from './tls-options.ts'
export type { WebSocketLoad } from './websocket.ts'

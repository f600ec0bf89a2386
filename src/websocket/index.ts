/** Public API of the WebSocket engine. */
export { delimited, type DelimitedOptions } from './protocols/delimited.ts'
export {
  graphqlOperation,
  graphqlTransportWs,
  type GraphQLOperation,
  type GraphQLTransportWsOptions,
} from './protocols/graphql-transport-ws.ts'
export { lengthPrefixed, type LengthPrefixedOptions } from './protocols/length-prefixed.ts'
export {
  mqtt,
  mqttPublish,
  mqttSubscribe,
  mqttUnsubscribe,
  type MqttOptions,
  type MqttPublishOptions,
} from './protocols/mqtt.ts'
export {
  phoenixChannels,
  phoenixJoin,
  phoenixLeave,
  phoenixPush,
  type PhoenixChannelsOptions,
} from './protocols/phoenix-channels.ts'
export { signalR, signalRInvocation, signalRSend, signalRStream, type SignalROptions } from './protocols/signal-r.ts'
export { socketIo, socketIoEvent, socketIoRequest, type SocketIoOptions } from './protocols/socket-io.ts'
export {
  stomp,
  stompSend,
  stompSubscribe,
  stompUnsubscribe,
  type StompOptions,
  type StompSendOptions,
} from './protocols/stomp.ts'
export type {
  ResponseContext,
  ConversationOptions,
  StepContext,
  ConversationStep,
} from './conversation/conversation-options.ts'
export type { FanOutOptions, Move, PublicationToSend, PublishOptions } from './fan-out/fan-out-options.ts'
export type { FramedConnection, FramedSocket, Framing, FramingHeartbeat } from './framing.ts'
export type { Identification, IdentifyResult } from './fan-out/identifier.ts'
export { Message, type MessageOrigin, type Outgoing } from './message.ts'
export type { HeartbeatOption, PerVu, SocketOptions } from './sockets/socket-options.ts'
export type { TlsOptions as WebSocketTlsOptions } from '../machine/tls.ts'
export type { WebSocketLoad } from './websocket.ts'

import Fastify from 'fastify'

const app = Fastify()
app.get('/healthz', () => 'ok')
app.post<{ Body: { sku: string } }>('/carts', (request, reply) =>
  reply.code(201).send({ id: 'c-1', sku: request.body.sku }),
)
app.get<{ Params: { id: string } }>('/carts/:id', (request) => ({ id: request.params.id }))
await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })

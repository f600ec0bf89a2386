import express from 'express'

const app = express()
app.use(express.json())
app.get('/hello', (_request, response) => {
  response.json({ hello: 'world' })
})
app.post('/carts', (request, response) => {
  response.status(201).json({ id: 'c-1', sku: request.body.sku })
})
app.get('/carts/:id', (request, response) => {
  response.json({ id: request.params.id })
})
app.get('/slow', (_request, response) => {
  setTimeout(() => response.json({ slow: true }), 80)
})
app.listen(Number(process.env['PORT']), '127.0.0.1')

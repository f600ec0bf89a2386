import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { constantArrivalRate, inflowOf, perfTest, planReplay, sharedIterations, type Delivery } from 'vitest-slo'
import { expectCapacityTargets } from './capacity-targets.ts'
import { webhookCall, type Payment } from './telegram.ts'
import { authorization, users } from './users.ts'

perfTest('S5 payments lifecycle', async ({ http, ledger, runId, scale, metrics, capacity }) => {
  const payments: Payment[] = []

  const invoices = await http.run({
    name: 'invoices',
    // The plan has a rate but no duration: five minutes are 1,500 invoices.
    load: constantArrivalRate({ rate: 5, vus: 200, duration: '5m' }),
    data: users(),
    headers: { 'x-run-id': runId },
    steps: [
      { name: 'me', request: ({ vu }) => ({ path: '/api/me', headers: authorization(vu.data) }) },
      {
        name: 'createInvoice',
        request: ({ vu, random }) => ({
          method: 'POST',
          path: '/api/payments/stars/createInvoice',
          headers: authorization(vu.data),
          body: { amount: random.int(1, 500) },
        }),
        expectStatus: 201,
        extract: {
          payment: (response) => {
            const { invoiceId, amount } = response.json<{ invoiceId: string; amount: number }>()
            return payments.push({ chargeId: `charge-${runId}-${invoiceId}`, invoiceId, amount })
          },
        },
      },
    ],
  })

  const starsBefore = await ledger.value(STARS_OF_USERS)
  const plan = planReplay({ updates: payments.length, copies: { min: 1, max: 4 }, seed: `${scale.name} replay` })
  const deliveries = plan.values()
  const dues = new Map<string, Delivery['expected']>()

  const webhooks = await http.run({
    name: 'webhooks',
    load: sharedIterations({ iterations: plan.length, vus: 200 }),
    headers: { 'x-run-id': runId },
    record: {
      key: ({ body }) => chargeIn(body),
      expected: ({ body }) => dues.get(chargeIn(body)) ?? 'applied',
      response: (response) => response.text(),
    },
    request: () => {
      const { update, kind, expected: due } = deliveries.next().value!
      const payment = payments[update] ?? inventedPayment(runId, update)
      dues.set(payment.chargeId, due)
      return {
        ...webhookCall(payment, { forged: kind === 'forged' }),
        expectStatus: { genuine: 200, forged: 401, unknown: 404 }[kind],
      }
    },
  })

  await expect(ledger).toApplyExactlyOnce(webhooks.history, {
    rows: `SELECT idempotency_key, run_id FROM transfers WHERE kind = 'stars' AND run_id = $1`,
    key: 'idempotency_key',
  })
  const amounts = new Map(payments.map(({ chargeId, amount }) => [chargeId, amount]))
  await expect(ledger).toConserve({
    total: STARS_OF_USERS,
    totalBefore: starsBefore,
    expectedDelta: inflowOf(webhooks.history, (key) => amounts.get(key) ?? 0),
  })

  await expectCapacityTargets(invoices, { metrics, capacity })
  expect(invoices).toHaveP95Below(150)
  expect(invoices).toHaveP99Below(350, { skipIfReduced: true })
  // Not in the plan; with more errors, the figures above would mean little.
  expect(invoices).toHaveErrorRateBelow(0.01)
  // Deliveries are sent as fast as responses arrive, so no rate or latency is asserted: each must get the expected status.
  expect([...webhooks.errors]).toEqual([])
})

const STARS_OF_USERS = `SELECT sum(balance) FROM accounts WHERE id LIKE 'user:%'`

/** A payment for an invoice that does not exist. */
function inventedPayment(runId: string, update: number): Payment {
  return { chargeId: `charge-${runId}-invented-${update}`, invoiceId: randomUUID(), amount: 1 }
}

function chargeIn(body: unknown): string {
  return (body as ReturnType<typeof webhookCall>['body']).message.successful_payment.telegram_payment_charge_id
}

/** Secret token by which the target authenticates webhook calls from Telegram. */
export const webhookSecret = process.env['TELEGRAM_WEBHOOK_SECRET'] || 'local-webhook-secret'

/** A payment that Telegram reports. */
export interface Payment {
  readonly chargeId: string
  readonly invoiceId: string
  readonly amount: number
}

/** Webhook request that reports a payment; with a wrong secret token if it is forged. */
export function webhookCall({ chargeId, invoiceId, amount }: Payment, { forged = false } = {}) {
  return {
    method: 'POST',
    path: '/api/payments/stars/webhook',
    headers: { 'x-telegram-bot-api-secret-token': forged ? `not-${webhookSecret}` : webhookSecret },
    body: {
      message: {
        successful_payment: {
          currency: 'XTR',
          total_amount: amount,
          invoice_payload: invoiceId,
          telegram_payment_charge_id: chargeId,
        },
      },
    },
  }
}

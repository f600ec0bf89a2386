/** What Telegram and the target share, so that the target knows a webhook call is Telegram's. */
export const webhookSecret = process.env['TELEGRAM_WEBHOOK_SECRET'] || 'local-webhook-secret'

/** Telegram's report that somebody paid. */
export interface Payment {
  readonly chargeId: string
  readonly invoiceId: string
  readonly amount: number
}

/** The webhook call that reports a payment; with a broken signature where the payment is forged. */
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

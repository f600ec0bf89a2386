import { expect, test } from 'vitest'
import { SENTENCES } from '../testing/kept-sentences.ts'
import { redactText } from './redact.ts'

test.each(SENTENCES)('does not change: %s', (text) => expect(redactText(text)).toBe(text))

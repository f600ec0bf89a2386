import { expect, test } from 'vitest'
import { sampleResults } from '../testing/sample-results.ts'
import { mergeConditions, type Conditions } from './conditions.ts'

const { environment, services } = sampleResults()
const one: Conditions = { startedAt: '2026-03-01T10:00:00.000Z', scale: 'pr', services, environment }

test('of the same machine at the same scale are one, from the earliest start, under the highest load', () => {
  const later = { ...one, startedAt: '2026-03-01T11:00:00.000Z', environment: { ...environment, loadAverageAtEnd: 9 } }
  expect(mergeConditions([later, one])).toEqual({ ...one, environment: { ...environment, loadAverageAtEnd: 9 } })
})

test('of machines that differ name all, and a scale that differs is left out', () => {
  const other = { ...one, scale: 'full', environment: { ...environment, cpuModel: 'Other CPU', cores: 64 } }
  const merged = mergeConditions([one, other])!
  expect(merged.environment.cpuModel).toBe('Test CPU and Other CPU')
  expect(merged).not.toHaveProperty('scale')
})

test('of nothing are none', () => expect(mergeConditions([])).toBeUndefined())

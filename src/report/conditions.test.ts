import { expect, test } from 'vitest'
import { sampleResults } from '../testing/sample-results.ts'
import { mergeConditions, type Conditions } from './conditions.ts'

const { environment, services } = sampleResults()
const one: Conditions = { startedAt: '2026-03-01T10:00:00.000Z', scale: 'pr', services, environment }

test('combines conditions of one machine and scale, with the earliest start and the highest load average', () => {
  const later = { ...one, startedAt: '2026-03-01T11:00:00.000Z', environment: { ...environment, loadAverageAtEnd: 9 } }
  expect(mergeConditions([later, one])).toEqual({ ...one, environment: { ...environment, loadAverageAtEnd: 9 } })
})

test('names all machines that differ, and leaves out a scale that differs', () => {
  const other = { ...one, scale: 'full', environment: { ...environment, cpuModel: 'Other CPU', cores: 64 } }
  const merged = mergeConditions([one, other])!
  expect(merged.environment.cpuModel).toBe('Test CPU and Other CPU')
  expect(merged).not.toHaveProperty('scale')
})

test('returns undefined for no conditions', () => expect(mergeConditions([])).toBeUndefined())

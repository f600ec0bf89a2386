import { expect, test } from 'vitest'
import { MAX_GENERATORS, readIdentity, readRunId } from './identity.ts'

const REDIS = { PERF_RENDEZVOUS_URL: 'redis://127.0.0.1' }
const NODE_ID = 'dxn1zf6l61qsb1josjja83ngz'

test.each([
  ['PERF_GENERATOR', { PERF_GENERATOR: '3/8' }, 2, 8],
  ['a Kubernetes Indexed Job', { JOB_COMPLETION_INDEX: '0', PERF_GENERATORS: '8' }, 0, 8],
  ['a Swarm replicated job', { PERF_TASK_SLOT: '7', PERF_GENERATORS: '8' }, 7, 8],
  ['slot 0 of a Swarm replicated job', { PERF_TASK_SLOT: NODE_ID, PERF_GENERATORS: '8' }, 0, 8],
  ['Slurm', { SLURM_PROCID: '3', SLURM_NTASKS: '4' }, 3, 4],
  ['an AWS Batch array', { AWS_BATCH_JOB_ARRAY_INDEX: '1', AWS_BATCH_JOB_ARRAY_SIZE: '64' }, 1, 64],
  ['an AWS Batch array without its size', { AWS_BATCH_JOB_ARRAY_INDEX: '1', PERF_GENERATORS: '4' }, 1, 4],
  ['a Cloud Run job', { CLOUD_RUN_TASK_INDEX: '9', CLOUD_RUN_TASK_COUNT: '10' }, 9, 10],
  ['GitLab parallel', { CI_NODE_INDEX: '1', CI_NODE_TOTAL: '2' }, 0, 2],
  ['PERF_GENERATOR inside a scheduler', { PERF_GENERATOR: '1/2', SLURM_PROCID: '3', SLURM_NTASKS: '4' }, 0, 2],
  ['two schedulers that agree', { SLURM_PROCID: '1', SLURM_NTASKS: '2', CI_NODE_INDEX: '2', CI_NODE_TOTAL: '2' }, 1, 2],
])('recognizes %s', (_, env, index, count) => {
  expect(readIdentity({ ...REDIS, ...env })).toMatchObject({ index, count })
})

test.each([
  ['nothing', {}],
  ['GitLab parallel', { CI_NODE_INDEX: '1', CI_NODE_TOTAL: '4' }],
  ['Slurm', { SLURM_PROCID: '3', SLURM_NTASKS: '4' }],
  ['a Kubernetes Indexed Job', { JOB_COMPLETION_INDEX: '1' }],
  ['invalid variables of a scheduler', { CI_NODE_INDEX: 'x', CI_NODE_TOTAL: '-1' }],
  ['the only generator', { PERF_GENERATOR: '1/1' }],
  ['empty variables', { PERF_GENERATOR: '', PERF_RENDEZVOUS_URL: ' ' }],
])('stays one generator without a rendezvous: %s', (_, env) => {
  expect(readIdentity(env)).toBeUndefined()
})

test.each([
  { PERF_GENERATOR: '1/1' },
  { CI_NODE_INDEX: '1', CI_NODE_TOTAL: '1' },
  { JOB_COMPLETION_INDEX: '0', PERF_GENERATORS: '1' },
])('stays one generator if it is the only one: %o', (env) => {
  expect(readIdentity({ ...REDIS, ...env })).toBeUndefined()
})

test.each(['0/8', '9/8', '3', '3/0', '-1/8', '3/8/1', '3.5/8', '1/65', ' / ', 'three/eight', '1e1/20'])(
  'rejects PERF_GENERATOR=%s',
  (text) => {
    expect(() => readIdentity({ ...REDIS, PERF_GENERATOR: text })).toThrow(
      /^PERF_GENERATOR is not valid, received .*\nFix: write it as PERF_GENERATOR=3\/8/,
    )
    expect(() => readIdentity({ PERF_GENERATOR: text })).toThrow('PERF_GENERATOR is not valid')
  },
)

test('rejects PERF_GENERATOR without a rendezvous', () => {
  expect(() => readIdentity({ PERF_GENERATOR: '3/8' })).toThrowErrorMatchingInlineSnapshot(`
    [GeneratorError: PERF_GENERATOR=3/8 requires PERF_RENDEZVOUS_URL, which is not set: the generators cannot reach each other
    Fix: set PERF_RENDEZVOUS_URL to a Redis that all generators can reach, e.g. redis://:password@host:6379; for several generators on this machine, use definePerfConfig({ generators: 4 }) instead]
  `)
})

test('rejects a rendezvous without an identity', () => {
  expect(() => readIdentity(REDIS)).toThrowErrorMatchingInlineSnapshot(`
    [GeneratorError: PERF_RENDEZVOUS_URL is set, but it is unknown which generator this is: PERF_GENERATOR is not set, and neither are the variables of a scheduler
    Fix: set PERF_GENERATOR=1/8 for the first of eight generators, or unset PERF_RENDEZVOUS_URL]
  `)
})

test('rejects an index without a number of generators', () => {
  expect(() => readIdentity({ ...REDIS, JOB_COMPLETION_INDEX: '3' })).toThrowErrorMatchingInlineSnapshot(`
    [GeneratorError: Kubernetes started this generator with JOB_COMPLETION_INDEX=3, but the number of generators is unknown: PERF_GENERATORS is not set
    Fix: set PERF_GENERATORS to the number of processes of the job, e.g. PERF_GENERATORS=8]
  `)
  expect(() => readIdentity({ ...REDIS, SLURM_PROCID: '3' })).toThrow('SLURM_NTASKS and PERF_GENERATORS are not set')
})

test.each([
  { SLURM_PROCID: '4', SLURM_NTASKS: '4' },
  { CI_NODE_INDEX: '0', CI_NODE_TOTAL: '4' },
  { CI_NODE_INDEX: '5', CI_NODE_TOTAL: '4' },
  { JOB_COMPLETION_INDEX: '1', PERF_GENERATORS: String(MAX_GENERATORS + 1) },
  { JOB_COMPLETION_INDEX: 'one', PERF_GENERATORS: '4' },
  { JOB_COMPLETION_INDEX: NODE_ID, PERF_GENERATORS: '4' },
  { PERF_TASK_SLOT: '8', PERF_GENERATORS: '8' },
])('rejects an index outside the number of generators: %o', (env) => {
  expect(() => readIdentity({ ...REDIS, ...env })).toThrow(/the number of generators must be 1 to 64.*\nFix: /)
})

test.each([
  [{ PERF_GENERATOR: '1/2', PERF_GENERATORS: '3' }, 'PERF_GENERATOR=1/2 and PERF_GENERATORS=3'],
  [{ SLURM_PROCID: '1', SLURM_NTASKS: '2', PERF_GENERATORS: '3' }, 'SLURM_NTASKS=2 and PERF_GENERATORS=3'],
  [
    { SLURM_PROCID: '1', SLURM_NTASKS: '2', CI_NODE_INDEX: '1', CI_NODE_TOTAL: '2' },
    'SLURM_PROCID=1, SLURM_NTASKS=2 and CI_NODE_INDEX=1, CI_NODE_TOTAL=2',
  ],
])('rejects contradictions: %o', (env, both) => {
  expect(() => readIdentity({ ...REDIS, ...env })).toThrow(`${both} contradict each other\nFix: unset one of them`)
})

test.each([
  [{ PERF_RUN_ID: 'nightly-1742' }, 'nightly-1742'],
  [{ SLURM_PROCID: '0', SLURM_JOB_ID: '77', SLURM_STEP_ID: '2' }, 'slurm-77-2'],
  [{ AWS_BATCH_JOB_ARRAY_INDEX: '3', AWS_BATCH_JOB_ID: '6c7a-11:3' }, 'batch-6c7a-11'],
  [{ CLOUD_RUN_TASK_INDEX: '3', CLOUD_RUN_EXECUTION: 'perf-mdw84' }, 'cloud-run-perf-mdw84'],
  [{ CI_NODE_INDEX: '3', CI_PIPELINE_ID: '9', CI_JOB_NAME: 'perf: full 3/8' }, 'gitlab-9-perf__full'],
  [{ PERF_RUN_ID: 'mine', SLURM_PROCID: '0', SLURM_JOB_ID: '77' }, 'mine'],
])('reads the run id: %o', (env, id) => {
  expect(readRunId(env)).toBe(id)
})

test.each([{}, { JOB_COMPLETION_INDEX: '0' }, { SLURM_JOB_ID: '77' }, { PERF_RUN_ID: '' }])(
  'rejects a missing run id: %o',
  (env) => {
    expect(() => readRunId(env)).toThrow(/^PERF_RUN_ID is not set: .*\nFix: set it to a value that all generators/)
  },
)

test.each(['a b', 'a:b', '{x}', 'x'.repeat(101)])('rejects PERF_RUN_ID=%s', (id) => {
  expect(() => readRunId({ PERF_RUN_ID: id })).toThrow('PERF_RUN_ID is not valid')
})

import { GeneratorError } from './errors.ts'

/** The most generators of one run. */
export const MAX_GENERATORS = 64

/** Place of this command among those that put on the load together. */
export interface GeneratorIdentity {
  /** From 0: generator 3 of 8 has index 2. */
  readonly index: number
  readonly count: number
  /** Origin of both, e.g. `PERF_GENERATOR=3/8`. */
  readonly source: string
}

/** A scheduler that numbers the processes it starts. */
interface Scheduler {
  readonly name: string
  readonly indexVariable: string
  /** Without it, the number is read from `PERF_GENERATORS`. */
  readonly countVariable?: string
  /** Index of the first process. */
  readonly first: 0 | 1
  /** Id that all processes of one job share, and no other job. */
  readonly runId: (env: NodeJS.ProcessEnv) => string | undefined
}

const SCHEDULERS: readonly Scheduler[] = [
  // A Kubernetes job does not pass its id: the manifest sets PERF_RUN_ID.
  { name: 'Kubernetes', indexVariable: 'JOB_COMPLETION_INDEX', first: 0, runId: () => undefined },
  // Set by `--env PERF_TASK_SLOT={{.Task.Slot}}`: Swarm passes nothing by itself.
  { name: 'Docker Swarm', indexVariable: 'PERF_TASK_SLOT', first: 0, runId: () => undefined },
  {
    name: 'Slurm',
    indexVariable: 'SLURM_PROCID',
    countVariable: 'SLURM_NTASKS',
    first: 0,
    runId: ({ SLURM_JOB_ID: job, SLURM_STEP_ID: step = '0' }) => job && `slurm-${job}-${step}`,
  },
  {
    name: 'AWS Batch',
    indexVariable: 'AWS_BATCH_JOB_ARRAY_INDEX',
    countVariable: 'AWS_BATCH_JOB_ARRAY_SIZE',
    first: 0,
    // Child jobs have the id of their array with `:index`.
    runId: ({ AWS_BATCH_JOB_ID: job }) => job && `batch-${job.replace(/:\d+$/, '')}`,
  },
  {
    name: 'Cloud Run',
    indexVariable: 'CLOUD_RUN_TASK_INDEX',
    countVariable: 'CLOUD_RUN_TASK_COUNT',
    first: 0,
    runId: ({ CLOUD_RUN_EXECUTION: execution }) => execution && `cloud-run-${execution}`,
  },
  {
    name: 'GitLab',
    indexVariable: 'CI_NODE_INDEX',
    countVariable: 'CI_NODE_TOTAL',
    first: 1,
    // A parallel job is named `perf 3/8`.
    runId: ({ CI_PIPELINE_ID: pipeline, CI_JOB_NAME: job = '' }) =>
      pipeline && `gitlab-${pipeline}-${job.replace(/ \d+\/\d+$/, '')}`,
  },
]

/**
 * Reads which generator this command is: from `PERF_GENERATOR=3/8`, or from the variables of a scheduler. Those of a
 * scheduler count only together with `PERF_RENDEZVOUS_URL`: a CI job that is started several times for other reasons stays
 * one generator.
 *
 * @returns `undefined` if this command is the only generator
 * @throws {GeneratorError} if variables are invalid, contradict each other, or lack the rendezvous
 */
export function readIdentity(env: NodeJS.ProcessEnv): GeneratorIdentity | undefined {
  const explicit = readExplicit(env)
  if (valueOf(env, 'PERF_RENDEZVOUS_URL') === undefined) {
    if (explicit === undefined || explicit.count === 1) return undefined
    throw new GeneratorError(
      `${explicit.source} requires PERF_RENDEZVOUS_URL, which is not set: the generators cannot reach each other`,
      'set PERF_RENDEZVOUS_URL to a Redis that all generators can reach, e.g. redis://:password@host:6379; for several generators on this machine, use definePerfConfig({ generators: 4 }) instead',
    )
  }
  const identity = explicit ?? readRecognized(env)
  return identity.count === 1 ? undefined : identity
}

/**
 * Id of the run, which all its generators share: `PERF_RUN_ID`, or the id of the scheduler's job.
 *
 * @throws {GeneratorError} if there is none, or it contains other characters than letters, digits, `.`, `_` and `-`
 */
export function readRunId(env: NodeJS.ProcessEnv): string {
  const given = valueOf(env, 'PERF_RUN_ID')
  if (given !== undefined) {
    if (/^[\w.-]{1,100}$/.test(given)) return given
    throw new GeneratorError(
      `PERF_RUN_ID is not valid, received ${JSON.stringify(given)}: it must have 1 to 100 letters, digits, '.', '_' or '-'`,
      'set it to a value that all generators of this run share, e.g. PERF_RUN_ID=nightly-1742',
    )
  }
  const found = SCHEDULERS.filter(({ indexVariable }) => valueOf(env, indexVariable) !== undefined)
  const runId = found.map((scheduler) => scheduler.runId(env)).find((id) => id !== undefined && id !== '')
  if (runId !== undefined) return runId.replaceAll(/[^\w.-]/g, '_').slice(0, 100)
  throw new GeneratorError(
    'PERF_RUN_ID is not set: generators with the same PERF_RENDEZVOUS_URL cannot tell which of them belong to one run',
    'set it to a value that all generators of this run share and no other run has, e.g. PERF_RUN_ID=nightly-1742',
  )
}

function readExplicit(env: NodeJS.ProcessEnv): GeneratorIdentity | undefined {
  const text = valueOf(env, 'PERF_GENERATOR')
  if (text === undefined) return undefined
  const [, number = '', total = ''] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []
  const [generator, count] = [Number(number), Number(total)]
  if (number === '' || generator < 1 || generator > count || count > MAX_GENERATORS)
    throw new GeneratorError(
      `PERF_GENERATOR is not valid, received ${JSON.stringify(text)}: it must be the number of this generator and their count, from 1/1 to ${MAX_GENERATORS}/${MAX_GENERATORS}`,
      'write it as PERF_GENERATOR=3/8 for the third of eight generators',
    )
  const others = valueOf(env, 'PERF_GENERATORS')
  if (others !== undefined && Number(others) !== count)
    throw contradiction(`PERF_GENERATOR=${text}`, `PERF_GENERATORS=${others}`)
  return { index: generator - 1, count, source: `PERF_GENERATOR=${text}` }
}

/** Identity by the variables of a scheduler. */
function readRecognized(env: NodeJS.ProcessEnv): GeneratorIdentity {
  const found = SCHEDULERS.flatMap((scheduler) => readScheduler(env, scheduler) ?? [])
  const [first, ...others] = found
  if (first === undefined)
    throw new GeneratorError(
      'PERF_RENDEZVOUS_URL is set, but it is unknown which generator this is: PERF_GENERATOR is not set, and neither are the variables of a scheduler',
      'set PERF_GENERATOR=1/8 for the first of eight generators, or unset PERF_RENDEZVOUS_URL',
    )
  const other = others.find(({ index, count }) => index !== first.index || count !== first.count)
  if (other !== undefined) throw contradiction(first.source, other.source)
  return first
}

function readScheduler(
  env: NodeJS.ProcessEnv,
  { name, indexVariable, countVariable, first }: Scheduler,
): GeneratorIdentity | undefined {
  const indexText = valueOf(env, indexVariable)
  if (indexText === undefined) return undefined
  const given = countVariable === undefined ? undefined : valueOf(env, countVariable)
  const general = valueOf(env, 'PERF_GENERATORS')
  if (given !== undefined && general !== undefined && given !== general)
    throw contradiction(`${countVariable}=${given}`, `PERF_GENERATORS=${general}`)
  const countText = given ?? general
  if (countText === undefined)
    throw new GeneratorError(
      `${name} started this generator with ${indexVariable}=${indexText}, but the number of generators is unknown: ${[countVariable, 'PERF_GENERATORS'].filter(Boolean).join(' and ')} ${countVariable === undefined ? 'is' : 'are'} not set`,
      'set PERF_GENERATORS to the number of processes of the job, e.g. PERF_GENERATORS=8',
    )
  const source = `${indexVariable}=${indexText}, ${given === undefined ? 'PERF_GENERATORS' : countVariable}=${countText}`
  const [index, count] = [indexOf(indexVariable, indexText) - first, wholeNumber(countText)]
  if (!(count >= 1 && count <= MAX_GENERATORS && index >= 0 && index < count))
    throw new GeneratorError(
      `${name} started this generator with ${source}: the number of generators must be 1 to ${MAX_GENERATORS}, and the index ${first} to ${first === 0 ? 'that number minus 1' : 'that number'}`,
      'start exactly as many processes as there are generators, or set PERF_GENERATOR, e.g. PERF_GENERATOR=3/8',
    )
  return { index, count, source }
}

/** Swarm replaces the slot 0 of a replicated job by the id of the node: 25 letters and digits. */
function indexOf(variable: string, text: string): number {
  return variable === 'PERF_TASK_SLOT' && /^[a-z\d]{25}$/.test(text) ? 0 : wholeNumber(text)
}

function wholeNumber(text: string): number {
  return /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN
}

function valueOf(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name]?.trim()
  return value === '' ? undefined : value
}

function contradiction(one: string, other: string): GeneratorError {
  return new GeneratorError(
    `${one} and ${other} contradict each other`,
    'unset one of them, or set PERF_GENERATOR, which has precedence over the variables of a scheduler',
  )
}

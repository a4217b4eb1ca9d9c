/**
 * Property tests draw the same cases in every run of `npm test`, so that a change is judged by what
 * the commit before it was judged by. New cases are drawn by `npm run test:long -- properties`.
 */
import * as fc from 'fast-check'

fc.configureGlobal({
  seed: Number(process.env.PROPERTY_SEED ?? 20_260_101),
  numRuns: Number(process.env.PROPERTY_RUNS ?? 100),
})

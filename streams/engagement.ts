/** One of ours: what it counts is in sample/. Delete this file, and the pipeline has no engagement. */
export * from './sample/engagement.ts'

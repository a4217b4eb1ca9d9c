/** One of ours: what it counts is in sample/. Delete this file, and the pipeline has no content. */
export * from './sample/content.ts'

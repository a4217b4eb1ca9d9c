/** What the verdict means for whoever looks at a page. Pure. */

interface Told {
  readonly state: 'healthy' | 'starting' | 'unhealthy'
  readonly findings: readonly {readonly severity: 'error' | 'warning'; readonly what: string}[]
}

export interface Banner {
  readonly tone: 'warn' | 'bad'
  readonly text: string
}

/** Above every page while figures may be wrong or old; undefined when they are not. */
export function bannerOf({state, findings}: Told): Banner | undefined {
  if (state === 'healthy') return undefined
  if (state === 'starting') {
    return {tone: 'warn', text: 'The pipeline is starting: figures may be missing for a moment.'}
  }
  const [first, ...more] = findings.filter(({severity}) => severity === 'error')
  const rest = more.length === 0 ? '' : ` And ${more.length} more.`
  return {tone: 'bad', text: `The pipeline is not healthy. ${first?.what ?? ''}${rest}`}
}

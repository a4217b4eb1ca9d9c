/** What is looked at, as an address that can be shared. Pure: unknown or broken values fall away. */

export const VIEWS = [
  'overview',
  'content',
  'users',
  'streams',
  'insight',
  'schedules',
  'alerts',
  'pipeline',
  'inspector',
] as const
export type ViewName = (typeof VIEWS)[number]

/** What a declared stream is here for. */
export type Role = 'content' | 'engagement' | 'activity'

/** Pages about streams of a role say nothing where none has it. */
const NEEDS: Readonly<Partial<Record<ViewName, readonly Role[]>>> = {
  overview: ['engagement'],
  content: ['content', 'engagement'],
  users: ['activity'],
}

/** The pages there are; all of them as long as roles are not known. */
export const viewsOf = (roles: readonly Role[] | undefined): readonly ViewName[] =>
  VIEWS.filter(
    name => roles === undefined || (NEEDS[name] ?? []).every(role => roles.includes(role)),
  )

/** The page that is shown: where the one that is asked for is not there, the one that always is. */
export const shownView = (view: ViewName, roles: readonly Role[] | undefined): ViewName =>
  viewsOf(roles).includes(view) ? view : 'streams'

/** View and its settings; only values that differ from the defaults stand in the address. */
export interface UrlState {
  readonly view: ViewName
  readonly values: Readonly<Record<string, string>>
  /** A path that no page has, such as an address that somebody guessed. */
  readonly unknownPath?: string
}

const NAME = /^[a-z_]{1,20}$/
const VALUE_MAX = 500
/** Keys of streams are as long as their columns make them. */
export const KEY_MAX = 4000

/** Reads `location.search` and `location.pathname`. */
export function parseUrl(search: string, path = '/'): UrlState {
  const params = new URLSearchParams(search)
  const view = VIEWS.find(name => name === params.get('view')) ?? 'overview'
  const values: Record<string, string> = {}
  for (const [name, value] of params) {
    if (name === 'view' || !NAME.test(name)) continue
    const max = name === 'key' ? KEY_MAX : VALUE_MAX
    if (value !== '' && value.length <= max) values[name] = value
  }
  return {view, values, ...(path === '/' ? {} : {unknownPath: path})}
}

/** The page that a guessed path means: `/users/42` is about users. */
export function guessView(path: string): ViewName | undefined {
  const first = path.toLowerCase().split('/').find(Boolean)
  return VIEWS.find(name => [name, `${name}s`, name.replace(/s$/, '')].some(one => one === first))
}

/** What makes it another page, rather than another look at the same one. */
export const pageOf = ({view, values, unknownPath = ''}: UrlState): string =>
  [unknownPath, view, ...partsOf(view).map(name => values[name] ?? '')].join('\n')
// Elsewhere the stream is a choice of a form.
const partsOf = (view: ViewName): readonly string[] =>
  view === 'streams'
    ? ['stream', 'key', 'cursor']
    : view === 'schedules'
      ? ['job', 'cursor']
      : ['id', 'topic', 'user', 'cursor']

/** The address of a state; the same state always gives the same address. */
export function formatUrl(
  view: ViewName,
  values: Readonly<Record<string, string | undefined>>,
): string {
  const params = new URLSearchParams()
  if (view !== 'overview') params.set('view', view)
  for (const name of Object.keys(values).toSorted()) {
    const value = values[name]
    if (value !== undefined && value !== '') params.set(name, value)
  }
  const text = params.toString()
  return text === '' ? '/' : `/?${text}`
}

/** The value when it is one of the choices, else the first choice. */
export function choose<const T extends readonly string[]>(
  value: string | undefined,
  choices: T,
): T[number] {
  return choices.find(choice => choice === value) ?? choices[0]!
}

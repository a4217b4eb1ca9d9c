/** Pages that only some look at: loaded when they are first asked for, not with the first visit. */
import type {ComponentType, JSX} from 'preact'
import {useEffect, useRef, useState} from 'preact/hooks'
import {focusTitle, Head} from './shell.tsx'
import {Failed, Loading} from './states.tsx'

/**
 * @param title of the page while it comes
 * @param load asked for once; what has come is shown at once from then on
 */
export function lazily<Props extends object>(
  title: string,
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined
  return function Lazily(props) {
    const [Page, setPage] = useState(() => loaded)
    const [problem, setProblem] = useState<string | undefined>(undefined)
    const hadFocus = useRef(false)
    useEffect(() => {
      if (Page !== undefined) {
        // The title that reading began at has made way for that of the page itself.
        if (hadFocus.current) focusTitle()
        return
      }
      const fetchPage = async (): Promise<void> => {
        try {
          loaded = await load()
          hadFocus.current = document.activeElement?.tagName === 'H1'
          setPage(() => loaded)
        } catch (error) {
          setProblem(error instanceof Error ? error.message : String(error))
        }
      }
      void fetchPage()
    }, [Page])
    return Page === undefined ? <Coming title={title} problem={problem} /> : <Page {...props} />
  }
}

function Coming({
  title,
  problem,
}: {
  readonly title: string
  readonly problem: string | undefined
}): JSX.Element {
  return (
    <>
      <Head title={title} />
      <div class="card">
        {problem === undefined ? (
          <Loading />
        ) : (
          // A browser remembers that a part did not come until the page is loaded anew.
          <Failed message={problem} onRetry={() => location.reload()} />
        )}
      </div>
    </>
  )
}

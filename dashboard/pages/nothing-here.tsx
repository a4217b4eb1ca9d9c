/** An address that no page has. */
import type {JSX} from 'preact'
import {guessView} from '../model/url-state.ts'
import {linkTo} from '../net/navigation.ts'
import {Head} from '../ui/shell.tsx'
import {Empty} from '../ui/states.tsx'

export function NothingHere({path}: {readonly path: string}): JSX.Element {
  const meant = guessView(path) ?? 'overview'
  return (
    <>
      <Head title="There is nothing here" />
      <div class="card">
        <Empty title={`No page has the address ${path}`}>
          You may mean <a href={linkTo(meant)}>{meant}</a>. What the server answers is described at{' '}
          <a href="/docs">the API</a>.
        </Empty>
      </div>
    </>
  )
}

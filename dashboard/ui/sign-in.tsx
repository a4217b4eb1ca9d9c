/** Exchanges an API key for the HttpOnly cookie of a session. The key is not kept anywhere. */
import type {JSX} from 'preact'
import {useState} from 'preact/hooks'
import {addressFor} from '../net/address.ts'
import {request, RequestError} from '../net/request.ts'
import {Form, TextField} from './controls.tsx'
import {useTitle} from './title.ts'

export function SignIn({onDone}: {readonly onDone: () => void}): JSX.Element {
  useTitle('Sign in')
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const send = async (key: string): Promise<void> => {
    try {
      await request(addressFor('POST /v1/session'), {
        method: 'POST',
        headers: {authorization: `Bearer ${key}`},
      })
      onDone()
    } catch (error) {
      setProblem(error instanceof RequestError ? error.message : 'that is not a key')
    }
  }
  return (
    <div class="card sign-in">
      <h1 tabIndex={-1}>Sign in</h1>
      <p class="muted">
        This server asks for an API key. The browser keeps a session for twelve hours, not the key.
      </p>
      <Form label="Sign in" onSubmit={({key}) => void send(key ?? '')}>
        <TextField wide label="API key" name="key" type="password" />
        <button class="button primary" type="submit">
          Sign in
        </button>
      </Form>
      {problem === undefined ? null : (
        <p class="notice bad" role="alert">
          {problem}
        </p>
      )}
    </div>
  )
}

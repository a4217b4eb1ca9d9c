/** What the documents and the compose file run in a container. */
import {readFileSync} from 'node:fs'
import {parse} from 'yaml'

export const page = readFileSync('docs/DOCKER.md', 'utf8')
const runbook = readFileSync('docs/RUNBOOK.md', 'utf8')
const {services} = parse(readFileSync('docker-compose.yml', 'utf8'), {merge: true}) as {
  readonly services: Readonly<
    Record<string, {readonly image: string; readonly command?: readonly string[]}>
  >
}

/** Commands that DOCKER.md says are of a checkout alone. */
export const ofCheckout = [...page.matchAll(/^\| `npm (?:run )?([\w:-]+)` \|/gm)].map(
  ([, name]) => name!,
)

/** Command lines for a container, as the documents write them. */
export const containerLines = [page, runbook].flatMap(text =>
  [...text.matchAll(/docker compose (?:exec|run)(?: -\S+)* \S+ node ([^`\n<]+)/g)].map(([, line]) =>
    [...line!.matchAll(/"[^"]*"|\S+/g)].map(([word]) => word.replaceAll('"', '')),
  ),
)
/** What the runbook calls by npm, by the rule of DOCKER.md. */
export const runbookLines = [
  ...new Set(runbook.matchAll(/npm run ([\w:-]+)/g).map(([, name]) => name!)),
]
  .filter(name => !ofCheckout.includes(name))
  .map(name => [`scripts/${name}.ts`])
const composeLines = Object.values(services)
  .filter(({image}) => image.endsWith(':local'))
  .map(({command}) => command!.slice(1))

export const scriptOf = (line: readonly string[]): string =>
  line.find(word => word.endsWith('.ts'))!
/** Everything that is run in a container. */
export const scripts = new Set([...containerLines, ...runbookLines, ...composeLines].map(scriptOf))

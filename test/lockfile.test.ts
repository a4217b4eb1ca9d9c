import {readFileSync} from 'node:fs'
import {expect, test} from 'vitest'

interface Locked {
  readonly version?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

test('the lock file names every optional package, so that a clean install works on every platform', () => {
  const {packages} = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    packages: Readonly<Record<string, Locked>>
  }
  const missing = Object.entries(packages).flatMap(([path, {optionalDependencies = {}}]) =>
    Object.keys(optionalDependencies)
      .filter(name => {
        const own = path === '' ? [] : [packages[`${path}/node_modules/${name}`]]
        return [packages[`node_modules/${name}`], ...own].every(found => found === undefined)
      })
      .map(name => `${path} -> ${name}`),
  )
  expect(missing).toEqual([])
})

test('the lock file says nothing about where packages were downloaded', () => {
  expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved": "http/)
})

/** Adds up what the steps of `npm test` found. */

/** The part of vitest's JSON report that counts. */
export interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests?: number
  /** Also false for errors outside of tests. */
  readonly success: boolean
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly {readonly status: string}[]
  }[]
}

export interface StepResult {
  readonly name: string
  /** Exit status. */
  readonly status: number
  /** Of a step that ran tests; without it the step counts as one check. */
  readonly report?: VitestReport
}

export interface Summary {
  readonly ok: boolean
  readonly failedSteps: readonly string[]
  /** `N passed, N failed, N skipped` */
  readonly line: string
}

/** A step that failed without a failed test, such as a file that cannot be read, counts as one failure. */
export function sumUp(results: readonly StepResult[]): Summary {
  let [passed, failed, skipped] = [0, 0, 0]
  for (const {status, report} of results) {
    const failedTests = report?.numFailedTests ?? 0
    passed += report?.numPassedTests ?? (status === 0 ? 1 : 0)
    skipped += (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0)
    const brokenFiles =
      report?.testResults.filter(
        file => file.status === 'failed' && !file.assertionResults.some(a => a.status === 'failed'),
      ).length ?? 0
    failed += failedTests + brokenFiles
    if (failedTests + brokenFiles === 0 && status !== 0) failed += 1
  }
  const failedSteps = results.filter(({status}) => status !== 0).map(({name}) => name)
  return {
    ok: failed === 0,
    failedSteps,
    line: `${passed} passed, ${failed} failed, ${skipped} skipped`,
  }
}

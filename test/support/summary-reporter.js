import { writeSync } from "node:fs";

/** Ends a test run with one line that says how many cases passed and failed, behind everything else that is printed. */
export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = results;
    // A file that cannot even be loaded has no failed case of its own, and still is a failure.
    const brokenFiles = testResults.filter((file) => file.testExecError !== undefined).length;
    const skipped = numPendingTests + numTodoTests;
    const tail = skipped > 0 ? `, ${skipped} skipped` : "";
    const line = `${numPassedTests} passed, ${numFailedTests + brokenFiles} failed${tail}`;
    // Jest adds its own summary after all other reporters.
    process.once("exit", () => writeSync(1, `\n${line}\n`));
  }
}

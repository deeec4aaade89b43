/** Ends a test run with one line that says how many cases passed and failed, whatever else was printed. */
export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = results;
    // A file that cannot even be loaded has no failed case of its own, and still is a failure.
    const brokenFiles = testResults.filter((file) => file.testExecError !== undefined).length;
    const skipped = numPendingTests + numTodoTests;
    const tail = skipped > 0 ? `, ${skipped} skipped` : "";
    process.stdout.write(
      `\n${numPassedTests} passed, ${numFailedTests + brokenFiles} failed${tail}\n`,
    );
  }
}

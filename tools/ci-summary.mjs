// Usage: ci-summary.mjs REPORT CODE. Prints "N passed, N failed" from vitest's JSON report and exits as npm test did.
import { existsSync, readFileSync } from 'node:fs';

const [report = '', status = '1'] = process.argv.slice(2);
let code = Number(status);
let passed = 0;
let failed = 0;

if (existsSync(report)) {
  for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) {
    const count = (wanted) => file.assertionResults.filter((test) => test.status === wanted).length;
    passed += count('passed');
    // A file that cannot even be loaded has no tests to blame.
    failed += Math.max(count('failed'), file.status === 'failed' ? 1 : 0);
  }
} else if (code === 0) {
  code = 1;
}
// A failure outside any test (install, build, lint, unhandled error) must not read as success.
if (code !== 0 && failed === 0) failed = 1;

process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(code);

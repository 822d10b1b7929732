import { beforeEach } from 'vitest';

/** Tests of a file that build on each other: after the first that fails the others would only say the same, so they are skipped. */
export function stopAtFirstFailure(): void {
  let failed = false;
  beforeEach(({ onTestFailed, skip }) => {
    skip(failed, 'an earlier step failed');
    onTestFailed(() => {
      failed = true;
    });
  });
}

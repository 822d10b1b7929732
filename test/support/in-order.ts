import { beforeEach } from 'vitest';

/**
 * For tests that build on each other. After a failure the rest of the file is skipped: it could only repeat the
 * failure.
 */
export function stopAtFirstFailure(): void {
  let failed = false;
  beforeEach(({ onTestFailed, skip }) => {
    skip(failed, 'an earlier step failed');
    onTestFailed(() => {
      failed = true;
    });
  });
}

import { describe } from 'vitest';
import { composeVersions } from '../../providers/engine/compose-versions.ts';
import { testRollingUpdates } from '../../support/rolling/script-suite.ts';

// The short form of test/endurance/rolling-update-script.test.ts.

describe.sequential.each(composeVersions)('on Compose %s', (version) => {
  testRollingUpdates(version, { requestsOfEach: 300, clients: 2, extent: version === '2.26' ? 'faults' : 'usual' });
});

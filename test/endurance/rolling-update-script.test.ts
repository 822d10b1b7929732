import { describe } from 'vitest';
import { composeVersions } from '../providers/engine/compose-versions.ts';
import { testRollingUpdates } from '../support/rolling/script-suite.ts';

// docs/rolling-update.sh at full load: an update, interrupted ones, images that never get healthy, too many replicas.

describe.sequential.each(composeVersions)('on Compose %s', (version) => {
  testRollingUpdates(version, { requestsOfEach: 10_000, clients: 16, extent: 'all' });
});

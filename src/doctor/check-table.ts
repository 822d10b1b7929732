import { accessChecks } from './checks/access.ts';
import { containerChecks } from './checks/containers.ts';
import { frontendFileChecks } from './checks/frontend-files.ts';
import { frontendProcessChecks } from './checks/frontend-process.ts';
import { labelChecks } from './checks/labels.ts';
import { loginAndCallChecks } from './checks/login-and-calls.ts';
import { nameChecks } from './checks/names.ts';
import { networkChecks } from './checks/networks.ts';
import { outerProxyChecks } from './checks/outer-proxy.ts';
import { routingChecks } from './checks/routing.ts';
import type { Check } from './facts/outcome.ts';

// In: facts about the containers of a Meet and its surroundings. Out: findings with cures, and their report.

/**
 * All checks, in the order of the report: from the outside in. `docs/troubleshooting.md` is generated from this table.
 */
export const checkTable: readonly Check[] = [
  ...nameChecks,
  ...outerProxyChecks,
  ...routingChecks,
  ...frontendFileChecks,
  ...networkChecks,
  ...loginAndCallChecks,
  ...labelChecks,
  ...containerChecks,
  ...frontendProcessChecks,
  ...accessChecks,
];

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

/** Checks that share a page of the documentation. */
export interface CheckGroup {
  /** The page's file name. */
  readonly name: string;
  readonly title: string;
  /** The page's first sentence. */
  readonly about: string;
  readonly checks: readonly Check[];
}

/** Every check, by page of `docs/troubleshooting/`, which is generated from it. */
export const checkGroups: readonly CheckGroup[] = [
  {
    name: 'outer-proxy',
    title: 'Names, certificates and the outer proxy',
    about: "The doctor's checks of public names, of certificates, and of nginx-proxy in front of Meet.",
    checks: [...nameChecks, ...outerProxyChecks],
  },
  {
    name: 'frontend',
    title: "The frontend's routes and files",
    about: "The doctor's checks of the frontend: ports, served routes, and mounted files.",
    checks: [...routingChecks, ...frontendFileChecks],
  },
  {
    name: 'networks-and-login',
    title: 'Networks, login and calls',
    about: "The doctor's checks of networks, of the way to Keycloak and LiveKit, and of their settings.",
    checks: [...networkChecks, ...loginAndCallChecks],
  },
  {
    name: 'containers',
    title: 'Labels and containers',
    about: "The doctor's checks of labels, and of how containers run, restart and stop.",
    checks: [...labelChecks, ...containerChecks, ...frontendProcessChecks],
  },
  {
    name: 'engine-access',
    title: 'meet-gen and the engine',
    about: "The doctor's checks of meet-gen itself, and of the access to the engine's socket.",
    checks: accessChecks,
  },
];

/** Every check, in the order in which findings are shown: from the outside in. */
export const checkTable: readonly Check[] = checkGroups.flatMap(({ checks }) => checks);

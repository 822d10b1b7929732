import type { ReloadWay } from './way.ts';

export const noneWay: ReloadWay = {
  name: 'none',
  meaning: 'publish only',
  reloadedBy: 'operator',
  isNotedAsStop: false,
  execs: 'never',
  connect: () => ({}),
  pending: () => ({
    message: 'the frontend serves another configuration than the published file',
    cure: 'reload nginx in the frontend (nginx -s reload), since --reload none leaves that to you',
  }),
};

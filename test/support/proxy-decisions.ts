/** What a stand-in of a socket proxy wrote of a call. */
export interface ProxyDecision {
  readonly decision: string;
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
}

/**
 * Leaves out that meet-gen was refused a frontend's log after two signals to it: where a busy machine makes a reload look lost, it
 * looks for nginx's words, as docs/security.md tells.
 * @param decisions oldest first
 */
export function withoutInquiries<Told extends ProxyDecision>(decisions: readonly Told[]): readonly Told[] {
  return decisions.filter(({ decision, method, path = '' }, index) => {
    if (decision !== 'refused' || method !== 'GET' || !path.endsWith('/logs')) return true;
    const kill = path.replace(/\/logs$/, '/kill');
    return decisions.slice(0, index).filter((one) => one.decision === 'allowed' && one.path === kill).length < 2;
  });
}

import type { Renderer } from '../loop/pass.ts';
import type { Rendered } from '../render/generation.ts';
import type { TemplateSet, TemplateStore } from '../render/template-store.ts';
import type { Trials } from '../rollout/trials.ts';
import type { RoutingView } from '../routes/view.ts';

/** Renders plans with the newest templates, and lets the trials choose the revision to publish. */
export function createRenderer(templates: TemplateStore, trials: Trials): Renderer & Pick<TemplateStore, 'begin'> {
  return {
    begin: templates.begin,
    failure: templates.failure,
    choose(plan, frontends) {
      const running = frontends.filter((frontend) => frontend.running);
      const away = frontends.flatMap((frontend) => (frontend.running ? [] : [frontend.id]));
      return trials.choose(plan, renderNewest(templates, trials, plan.view), running, away);
    },
  };
}

/** @returns undefined where no template works: only the last good revision is left then */
function renderNewest(
  templates: TemplateStore,
  trials: Trials,
  view: RoutingView,
): { readonly templates: TemplateSet; readonly rendered: Rendered } | undefined {
  try {
    const rendered = templates.render(view);
    return { templates: rendered.templates, rendered };
  } catch (error) {
    if (!trials.hasFallback(view.instance)) throw error;
    return undefined;
  }
}

import { createReloadBudget } from './reload-budget.ts';
import { addsStandby, removesServer } from '../routes/removal.ts';
import type { RoutingView } from '../routes/view.ts';

/** Decides which changes may wait so that nginx isn't reloaded too often; knows what was published last. */
export interface ReloadEconomy {
  /** How long this view should be waited with, in milliseconds; 0 for what is first, or takes a server out. */
  waitMs(instance: string, view: RoutingView, nowMs: number): number;
  /** Notes what is published now, and whether nginx is reloaded for it. */
  published(instance: string, view: RoutingView, isReload: boolean, nowMs: number): void;
  /** Forgets all instances but these. */
  retain(instances: ReadonlySet<string>): void;
}

export function createReloadEconomy(): ReloadEconomy {
  const views = new Map<string, RoutingView>();
  const usual = createReloadBudget();
  // Of its own, since who stands by must be known when the others are stopped.
  const ofStandbys = createReloadBudget();
  const budgetFor = (before: RoutingView | undefined, after: RoutingView): typeof usual =>
    before !== undefined && addsStandby(before, after) ? ofStandbys : usual;
  return {
    waitMs(instance, view, nowMs) {
      const before = views.get(instance);
      return before === undefined || removesServer(before, view) ? 0 : budgetFor(before, view).waitMs(instance, nowMs);
    },
    published(instance, view, isReload, nowMs) {
      const before = views.get(instance);
      // Nothing can be taken out more often than it is let in, so these need no bound of their own.
      const isRemoval = before !== undefined && removesServer(before, view);
      if (isReload && !isRemoval) budgetFor(before, view).spend(instance, nowMs);
      views.set(instance, view);
    },
    retain(instances) {
      for (const instance of views.keys()) if (!instances.has(instance)) views.delete(instance);
      for (const budget of [usual, ofStandbys]) budget.retain(instances);
    },
  };
}

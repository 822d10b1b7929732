import type { Document } from '../status/document.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';
import { createPageRenderer } from './render-page.ts';
import type { ReadPageText } from './render-page.ts';
import { viewPage } from './view.ts';
import type { Configurations, PageView } from './view.ts';

/** The status page and its files. */
export interface StatusPage {
  /** @param nowMs milliseconds since 1970 */
  show(snapshot: StatusSnapshot, configurations: Configurations, nowMs: number): Document;
  /** Returns undefined for an unknown name. */
  asset(name: string): Document | undefined;
}

const assetTypes = {
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

/** @param read reads a file of `templates/page`, when the page is first requested */
export function createStatusPage(read: ReadPageText): StatusPage {
  let render: ((view: PageView) => string) | undefined;
  return {
    show(snapshot, configurations, nowMs) {
      render ??= createPageRenderer(read);
      return { contentType: 'text/html; charset=utf-8', text: render(viewPage(snapshot, configurations, nowMs)) };
    },
    asset: (name) =>
      Object.hasOwn(assetTypes, name) ? { contentType: assetTypes[name as keyof typeof assetTypes], text: read(name) } : undefined,
  };
}

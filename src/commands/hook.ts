import { readShippedText } from '../render/shipped-templates.ts';

/** The line of `hook.sh` that stands for the functions it shares with the test through exec. */
const shared = '#include nginx-tree.sh\n';

/** The hook script for a frontend, whole: one file that needs nothing beside it. */
export function hookScript(): string {
  return readShippedText('hook.sh').replace(shared, () => readShippedText('nginx-tree.sh'));
}

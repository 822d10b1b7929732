import { readShippedText } from '../render/shipped-templates.ts';

/** This line of `hook.sh` stands for the functions in `nginx-tree.sh`, which the test through exec also uses. */
const shared = '#include nginx-tree.sh\n';

/** The complete hook script for a frontend, in one file. */
export function hookScript(): string {
  return readShippedText('hook.sh').replace(shared, () => readShippedText('nginx-tree.sh'));
}

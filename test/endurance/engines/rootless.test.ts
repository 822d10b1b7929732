import { describe } from 'vitest';
import { conforms } from '../../engines/conforms.ts';
import { rootlessKinds } from '../../providers/engines/engine-kinds.ts';

// The behaviours of test/engines on rootless engines.

for (const kind of rootlessKinds) describe(kind.name, () => conforms(kind));

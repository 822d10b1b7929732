import { describe } from 'vitest';
import { engineKinds } from '../providers/engines/engine-kinds.ts';
import { conforms } from './conforms.ts';

for (const kind of engineKinds) describe.concurrent(kind.name, () => conforms(kind));

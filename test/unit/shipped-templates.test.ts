import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { readShippedScript } from '../../src/shipped-templates.ts';

test.each(['nginx-tree.sh'] as const)('%s is shell', (name) => {
  const { status, stderr } = spawnSync('sh', ['-n'], { input: readShippedScript(name), encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

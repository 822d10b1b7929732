import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { hookScript } from '../../../src/commands/hook.ts';
import { readShippedText } from '../../../src/render/shipped-templates.ts';
import { shippedStub } from '../../support/real-layout.ts';

test.each(['nginx-tree.sh', 'hook.sh'] as const)('%s is shell', (name) => {
  expect(checkSyntax(readShippedText(name))).toEqual({ status: 0, stderr: '' });
});

describe('the script that `meet-gen hook` prints', () => {
  test('is a complete shell program', () => {
    expect(hookScript()).toMatch(/^#!\/bin\/sh\n/);
    expect(checkSyntax(hookScript())).toEqual({ status: 0, stderr: '' });
  });

  test('has the functions that it shares with the check through exec, once and complete', () => {
    expect(hookScript().split(readShippedText('nginx-tree.sh'))).toHaveLength(2);
    expect(hookScript()).not.toContain('#include');
  });
});

test('the stub for the hook is the stub of the compose example with another include', () => {
  const withoutComments = readShippedText('hook-stub.conf')
    .replaceAll(/^#.*\n/gm, '')
    .trim();
  expect(withoutComments).toBe(shippedStub().trim().replace('/etc/nginx/meet-routing/*.conf', '/tmp/meet-gen/routing/*.conf'));
});

function checkSyntax(script: string): { readonly status: number | null; readonly stderr: string } {
  const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
  return { status, stderr };
}

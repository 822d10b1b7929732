import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { hookScript } from '../../../src/commands/hook.ts';
import { readShippedText } from '../../../src/render/shipped-templates.ts';
import { shippedStub } from '../../support/real-layout.ts';

test.each(['nginx-tree.sh', 'hook.sh'] as const)('%s is shell', (name) => {
  expect(checkSyntax(readShippedText(name))).toEqual({ status: 0, stderr: '' });
});

describe('the script that `meet-gen hook` prints', () => {
  test('is a program of its own, and shell', () => {
    expect(hookScript()).toMatch(/^#!\/bin\/sh\n/);
    expect(checkSyntax(hookScript())).toEqual({ status: 0, stderr: '' });
  });

  test('holds the functions that it shares with the test through exec, once and whole', () => {
    expect(hookScript().split(readShippedText('nginx-tree.sh'))).toHaveLength(2);
    expect(hookScript()).not.toContain('#include');
  });
});

test('the stub for the hook is the one of the compose example, but for what it includes', () => {
  const withoutComments = readShippedText('hook-stub.conf')
    .replaceAll(/^#.*\n/gm, '')
    .trim();
  expect(withoutComments).toBe(shippedStub().trim().replace('/etc/nginx/meet-routing/*.conf', '/tmp/meet-gen/routing/*.conf'));
});

function checkSyntax(script: string): { readonly status: number | null; readonly stderr: string } {
  const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
  return { status, stderr };
}

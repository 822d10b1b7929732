import type { Examination, Finding } from './examine.ts';

/** The report for a terminal: failures, warnings, checks that could not look, and the totals. */
export function reportText({ findings, unchecked, ok }: Examination): string {
  const failures = findings.filter(({ severity }) => severity === 'failure');
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  const sections = [
    ...failures.map((finding) => findingText('FAILURE', finding)),
    ...warnings.map((finding) => findingText('WARNING', finding)),
    ...(unchecked.length === 0
      ? []
      : [['Not checked:', ...unchecked.map(({ check, reasons }) => `  ${check}: ${reasons.join('; ')}`)].join('\n')]),
    `${count(failures.length, 'failure')}, ${count(warnings.length, 'warning')}, ${unchecked.length} not checked, ${ok.length} ok.`,
  ];
  return `${sections.join('\n\n')}\n`;
}

/** The report for programs. */
export function reportJson(examination: Examination): string {
  const { findings, unchecked, ok } = examination;
  const failures = findings.filter(({ severity }) => severity === 'failure').length;
  const summary = { failures, warnings: findings.length - failures, notChecked: unchecked.length, ok: ok.length };
  return `${JSON.stringify({ summary, findings, notChecked: unchecked, ok }, undefined, 2)}\n`;
}

function findingText(word: string, { check, containers, what, why, cure, paste }: Finding): string {
  const lines = [
    `${word}  ${containers.length === 0 ? '' : `${containers.join(', ')}: `}${what}`,
    `  Why it matters: ${why}.`,
    `  How to fix it: ${cure}${/[.?]$/.test(cure) ? '' : '.'}`,
    ...(paste.length === 0 ? [] : ['', ...paste.map((line) => (line === '' ? '' : `      ${line}`)), '']),
    `  (${check})`,
  ];
  return lines.join('\n');
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

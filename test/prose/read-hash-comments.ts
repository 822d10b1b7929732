import { readCommentLines } from './read-typescript.ts';
import type { Text } from './text.ts';

/** Comments that fill whole lines of a shell script, a YAML file or a Dockerfile. Configuration in a comment is left out. */
export function readHashComments(source: string): Text[] {
  const texts: Text[] = [];
  for (const { 0: comment, index } of source.matchAll(/(?:^[ \t]*#(?!!)[^\n]*\n?)+/gmu)) {
    const prose = comment.replaceAll(
      /^([ \t]*#+[ \t]*)((?:- |\$ |[\w.${}-]+:(?:\s|$)|[\w-]+=|[A-Z_]+=).*)$/gmu,
      (_all, lead: string, code: string) => {
        return /^[A-Za-z]+: [a-z]+ [a-z]+ [a-z]+/u.test(code) ? lead + code : lead + ' '.repeat(code.length);
      },
    );
    texts.push(
      ...readCommentLines(
        prose.replaceAll(/[ \t]+$/gmu, (blank) => blank),
        index,
        /^[ \t]*#*[ \t]*/u,
      ),
    );
  }
  return texts;
}

/** An unusable template, with the file, the line where it is known, and the reason. */
export class TemplateError extends Error {
  readonly file: string;
  readonly line: number | undefined;
  override name = 'TemplateError';

  constructor(file: string, line: number | undefined, reason: string, cause?: unknown) {
    super(`${file}${line === undefined ? '' : `, line ${line}`}: ${reason}`, { cause });
    this.file = file;
    this.line = line;
  }
}

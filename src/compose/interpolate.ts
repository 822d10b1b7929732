/** `${NAME}`, `${NAME:-default}` and so on, `$NAME`, and `$$` for a dollar sign (Compose specification, interpolation). */
const pattern = /\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])((?:[^{}]|\$\{[^{}]*\})*))?\})/g;

/**
 * Puts variables into a text of a compose file as compose does; an unset variable without a default is empty.
 * @throws Error when a variable is missing that the text insists on (`${NAME:?reason}`)
 */
export function interpolate(text: string, variables: Readonly<Record<string, string | undefined>>): string {
  return text.replace(
    pattern,
    (_, dollar: string | undefined, plain: string | undefined, braced: string | undefined, operator: string | undefined, word = '') => {
      if (dollar !== undefined) return '$';
      const name = plain ?? braced ?? '';
      // Only what is set: every object knows a `constructor`.
      const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
      const present = operator?.startsWith(':') === true ? value !== undefined && value !== '' : value !== undefined;
      switch (operator?.at(-1)) {
        case '-':
          return present ? (value ?? '') : interpolate(String(word), variables);
        case '+':
          return present ? interpolate(String(word), variables) : '';
        case '?':
          if (!present) throw new Error(`the variable ${name} is not set${word === '' ? '' : `: ${String(word)}`}`);
          return value ?? '';
        default:
          return value ?? '';
      }
    },
  );
}

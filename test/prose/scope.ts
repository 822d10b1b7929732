/** Rendered templates, whose comments are golden bytes, and files that quote bad examples. */
export const exempt: readonly RegExp[] = [/^test\/prose\/rules\.ts$/u, /^test\/unit\/prose\//u, /\.eta$/u];

/** Files with a reader in lint-file.ts. */
export const readable = /\.(?:md|ts|mts|mjs|sh)$|^(?:Dockerfile|compose.*\.yml)$|(?:^|\/)Dockerfile$/u;

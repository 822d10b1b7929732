declare const MEET_GEN_VERSION: string | undefined;

/** The version in package.json, inserted by the build. */
export const version: string = typeof MEET_GEN_VERSION === 'string' ? MEET_GEN_VERSION : 'development';

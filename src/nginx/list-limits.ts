/** The limits of lists, and of a path in a list. Lists are counted before their entries are read. */
export const maxPaths = 64;
export const maxPathLength = 256;
export const maxHosts = 16;
export const maxAllowNetworks = 64;

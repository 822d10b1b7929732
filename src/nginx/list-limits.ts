/** How long a list may be, and a path in it: counted before anything of it is read. */
export const maxPaths = 64;
export const maxPathLength = 256;
export const maxHosts = 16;
export const maxAllowNetworks = 64;

import { fileURLToPath } from "node:url";

/** Where this package lies: two levels above this file, in source and built. */
export const packageDirectory = (): string => fileURLToPath(new URL("../../..", import.meta.url));

/** "ts" when the sources run as they are, "js" when compiled: `tsc` rewrites imports but not URLs of threads and children. */
export const here = import.meta.url.endsWith(".ts") ? "ts" : "js";

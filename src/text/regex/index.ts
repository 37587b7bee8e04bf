/** Regular expressions whose time grows with text times pattern and no faster. */
export { type FinderOptions } from "./finder.ts";
export { RegexSet } from "./regex-set.ts";
export type { RegexStream } from "./regex-stream.ts";
export { compileRegex, type LinearRegex, type RegexProblem } from "./linear-regex.ts";

/** Regular expressions whose time grows with text times pattern and no faster. */
export { type Finder } from "./finder.ts";
export { compileRegex, type LinearRegex, type RegexProblem } from "./linear-regex.ts";

import type { ToolChange } from "../../api/contract/index.ts";
import { oneLine, type Style } from "../terminal/index.ts";

/** Changes of a tool server, a line each: `!` asks to be accepted, the others do not. */
export const changeLines = (changes: readonly ToolChange[], style: Style): readonly string[] =>
  changes.map(({ asks, kind, text }) => {
    const mark = asks ? style("yellow", "!") : style("dim", kind.endsWith("-added") ? "+" : "·");
    return `${mark} ${oneLine(text)}`;
  });

export { progressBar } from "./progress-bar.ts";
export { countOf, showAge, showBytes, showCost, showCount, showTokens, showSpan, showUsd } from "./quantities.ts";
export { type Style, styleFor, type Tone } from "./style.ts";
export { ageColumn, type Column, type Look, renderFields, renderTable } from "./table.ts";
export { Terminal, type TerminalStreams } from "./terminal.ts";
export { oneLine, safeText, truncate } from "./text.ts";

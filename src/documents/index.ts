export { checkAgainst, type Checked } from "./check.ts";
export { distance, nearest } from "./distance.ts";
export {
  placeAt,
  placeWithin,
  problemAt,
  type Data,
  type Document,
  type MarkdownDocument,
  type Parsed,
} from "./document.ts";
export { parseFrontMatter } from "./front-matter.ts";
export { arrange, dotted, type Path, type Place, type Problem } from "./problem.ts";
export { renderProblem } from "./render.ts";
export { DurationText, durationText, parseDuration, parseSize, showDuration, SizeText, sizeText } from "./scalars.ts";
export { parseToml } from "./toml.ts";
export { writeFrontMatter, writeToml } from "./write.ts";
export { parseYaml } from "./yaml.ts";

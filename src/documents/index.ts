export { checkAgainst, type Checked } from "./check.ts";
export { nearest } from "./distance.ts";
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
export { arrange, type Path, type Place, type Problem } from "./problem.ts";
export { renderProblem } from "./render.ts";
export { durationText, parseDuration, sizeText } from "./scalars.ts";
export { parseToml } from "./toml.ts";
export { writeFrontMatter, writeToml, writeYaml } from "./write.ts";
export { parseYaml } from "./yaml.ts";

export { checkAgainst } from "./check.ts";
export { distance, nearest, suggester } from "./distance.ts";
export {
  OCCURRENCES_MAX,
  placeAt,
  placeWithin,
  problemAt,
  type Data,
  type Document,
  type MarkdownDocument,
  type Parsed,
} from "./document.ts";
export { parseFields, parseFrontMatter } from "./front-matter.ts";
export { DOCUMENT_LIMITS, OPERATOR_LIMITS } from "./limits.ts";
export { arrange, type Path, type Place, type Problem, PROBLEMS_MAX } from "./problem.ts";
export { renderProblem } from "./render.ts";
export { knownKeys } from "./schema-walk.ts";
export { describeIssue } from "./wording.ts";
export { durationText, parseDuration, sizeText } from "./scalars.ts";
export { parseToml } from "./toml.ts";
export { writeFrontMatter, writeToml, writeYaml } from "./write.ts";
export { parseYaml } from "./yaml.ts";

export { type Column, numberIn, type Table, tableOf } from "./columns.ts";
export { findTexts } from "./find.ts";
export { isTimeKey, keyText } from "./planning/draft.ts";
export type { Condition, Expression, Figure, Key, Plan } from "./planning/plan.ts";
export { planOf } from "./planning/planner.ts";
export { isFragment, pointsBack } from "./questions.ts";
export { type ChartKind, type Request, understand } from "./request.ts";
export { type Aggregate, AGGREGATE_WORDS, STOP_WORDS, synonymsOf } from "./vocabulary.ts";
export {
  capital,
  columnNames,
  conditionsText,
  counted,
  endWord,
  keyName,
  listed,
  markdownTable,
  measureName,
  numberText,
  planText,
  plural,
  readingText,
  valueText,
} from "./wording.ts";
export { nameParts, numberOf, stem, wordsOf } from "./words.ts";

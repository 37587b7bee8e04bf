export { type Column, rowCount, type Table, tableOf } from "./columns.ts";
export type { Condition } from "./conditions.ts";
export { type Frame, frameOf, isTime } from "./frame.ts";
export { type ChartKind, type Request, understand } from "./request.ts";
export { type Aggregate, AGGREGATE_WORDS, STOP_WORDS, synonymsOf } from "./vocabulary.ts";
export {
  aggregateName,
  capital,
  columnNames,
  conditionsText,
  counted,
  listed,
  markdownTable,
  numberText,
  valueText,
} from "./wording.ts";
export { nameParts, numberOf, stem, wordsOf } from "./words.ts";

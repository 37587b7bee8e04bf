import type { Table } from "../columns.ts";
import { MONTH_NAMES } from "../items/periods.ts";
import type { Condition, Expression, Plan } from "./plan.ts";
import { AVERAGED } from "../vocabulary.ts";
import type { Word } from "../words.ts";

const COMMONEST = /\b(?:most|least) (?:common|frequent|popular|often)\b|\b(?:commonest|rarest)\b/;
const GROUPED = /\b(?:per|each|every)\b/;
/** "which item … in each quarter": one winner for each group, which no tool finds. */
const WINNER_PER = /^(?:and )?(?:which|who)\b.*\b(?:each|every)\b/;
const PERIOD = "year|month|week|day|quarter|hour";
const AVERAGE_OF_TOTALS = new RegExp(
  `\\b(?:average|mean|median) (?:annual|yearly|monthly|weekly|daily|quarterly|hourly)\\b|\\b(?:annual|yearly|monthly|weekly|daily|quarterly|(?:per|each|every) (?:${PERIOD}))\\b.*\\bon average\\b`,
);
const AVERAGE_PER = new RegExp(`\\b(?:average|mean) .*\\b(?:per|each|every|a) (?:${PERIOD})\\b`);
const isAveraged = ({ columns }: Expression) => columns.some(({ parts }) => parts.some((part) => AVERAGED.has(part)));
const TAKEN = /^(?:total|revenue|turnover|sale|amount)$/;
const isTaken = ({ columns }: Expression) => columns.some(({ parts }) => parts.some((part) => TAKEN.test(part)));
/** Of a column such as `monthly_charges`, each value is one of a period. */
const PERIODIC = /annual|yearly|monthly|weekly|daily|quarterly|hourly/i;
const POOLED = /\b(?:combined|together|altogether)\b/;
const AVERAGE = /\b(?:average|mean|median)\b/;
const [YEAR_MIN, YEAR_MAX] = [1_900, 2_100];

/** Returns why a plan probably does not match the words of the request, although it uses all of them; undefined without a sign. */
export function misread(words: readonly Word[], plan: Plan, { columns }: Table): string | undefined {
  const text = words.map(({ lower }) => lower).join(" ");
  if (COMMONEST.test(text) && GROUPED.test(text) && plan.groups.length < 2)
    return "I cannot find the most common value of one column for each value of another.";
  if (WINNER_PER.test(text) && plan.order !== undefined)
    return "I cannot find the first of one column for each value of another.";
  const isPeriodic = columns.some(({ name }) => PERIODIC.test(name));
  if (AVERAGE_OF_TOTALS.test(text) && !isPeriodic)
    return "I am not sure whether you ask for the mean of all rows of a period or the mean of the periods' totals.";
  const [figure] = plan.figures;
  if (
    figure?.aggregate === "mean" &&
    AVERAGE_PER.test(text) &&
    plan.order === undefined &&
    figure.of !== undefined &&
    (isTaken(figure.of) || (/number of/.test(text) && !isAveraged(figure.of)))
  )
    return "I am not sure whether you ask for the mean of each period or the mean of the periods' totals.";
  if (POOLED.test(text) && AVERAGE.test(text))
    return "I am not sure whether you ask for one figure of all these rows or for one of each group.";
  const hasDates = columns.some(({ type, name }) => type === "date" || /year/i.test(name));
  const year = plan.conditions
    .filter(({ operator, key }) => operator !== "=" && operator !== "!=" && key.column.type === "number")
    .find(({ key: { column }, values }) =>
      values.some((value) => typeof value === "number" && isYear(value) && isOutside(value, column)),
    );
  if (hasDates && year !== undefined)
    return `I am not sure whether ${year.values.join(" and ")} is a year or a value of ${year.key.column.name}.`;
  return plan.conditions.some((one) => plan.conditions.some((other) => excludes(one, other)))
    ? "The two stretches of time that I read have no day in common."
    : undefined;
}

/** Whether a stretch of time has none of the months of another condition on its dates. */
function excludes(
  { key, operator, values: [first, last] }: Condition,
  { key: { column, bucket }, ...other }: Condition,
) {
  if (operator !== "between" || key.bucket !== undefined || key.column !== column || bucket !== "month_of_year")
    return false;
  const [from, to] = [first, last].map(
    (day) => Number(String(day).slice(0, 4)) * 12 + Number(String(day).slice(5, 7)) - 1,
  );
  return !other.values.some((name) => {
    const month = MONTH_NAMES.indexOf(String(name));
    return Array.from({ length: 12 }, (_, at) => (from ?? 0) + at).some(
      (one) => one % 12 === month && one <= (to ?? 0),
    );
  });
}

const isYear = (value: number): boolean => Number.isInteger(value) && value >= YEAR_MIN && value <= YEAR_MAX;

const isOutside = (value: number, { min, max }: Table["columns"][number]): boolean =>
  (typeof min === "number" && value < min) || (typeof max === "number" && value > max);

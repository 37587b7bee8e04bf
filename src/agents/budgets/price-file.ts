import { readFileSync } from "node:fs";
import { checkAgainst, OPERATOR_LIMITS, parseToml, parseYaml, renderProblem } from "../../text/documents/index.ts";
import { PricesInvalidError } from "./errors.ts";
import { PriceFile } from "./prices.ts";

/** Reads an operator's prices, TOML or, by the file's extension, JSON. Throws PricesInvalidError with every problem and its place. */
export function readPriceFile(path: string): PriceFile {
  const text = readText(path);
  // JSON is YAML too, and so its problems have places.
  const parsed = /\.json$/i.test(path)
    ? parseYaml(text, path, OPERATOR_LIMITS)
    : parseToml(text, path, OPERATOR_LIMITS);
  if (parsed.type === "malformed") throw invalid(path, parsed.problems.map(rendered(text)));
  const checked = checkAgainst(parsed.document, PriceFile);
  if (checked.type === "invalid") throw invalid(path, checked.problems.map(rendered(text)));
  return checked.value;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw invalid(path, [`${path}: the file cannot be read (${code})`], { cause: error });
  }
}

const rendered =
  (text: string) =>
  (problem: Parameters<typeof renderProblem>[0]): string =>
    renderProblem(problem, text, { colour: false });

const invalid = (path: string, problems: readonly string[], options?: ErrorOptions): PricesInvalidError =>
  new PricesInvalidError(
    `the prices in ${path} cannot be used:\n${problems.join("\n")}`,
    'A price is a table such as [models."openai/gpt-5-mini"] with input and output, USD for a million tokens; see docs/guides/budgets.md.',
    { path, problems },
    options,
  );

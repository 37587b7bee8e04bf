import type { AgentDetail } from "../../../../src/api/contract/index.ts";
import { text } from "../../text/text.ts";

/** A request to begin with, with the files it speaks of. */
export type Example = { readonly input: string; readonly files: readonly File[] };

const EXAMPLES_MAX = 3;
const CHARS_MAX = 90;

type Source = Pick<AgentDetail, "documentation" | "tools">;

/**
 * What the agent's documentation lists as requests; and for one that reads tables, a question with a table to answer it
 * from. `exampleData` says that its tools may read the data which a project begins with.
 */
export function examplesOf({ documentation, tools }: Source, exampleData: boolean): readonly Example[] {
  const readsTables = tools.some((tool) => tool.split(".")[0] === "csv_parser");
  const listed = [...documentation.matchAll(/^\s*[-*]\s+(.+)$/gm)]
    .map(([, words = ""]) => words.trim())
    .filter((words) => words.length <= CHARS_MAX && !/uploads?\/|\[.*\]\(/.test(words));
  const onServer = readsTables && exampleData ? [{ input: text.tryIt.exampleDataRequest, files: [] }] : [];
  const attached = (readsTables ? [text.tryIt.sampleRequest, ...listed] : listed).map((input) => ({
    input,
    files: readsTables ? [sampleTable()] : [],
  }));
  return [...onServer, ...attached].slice(0, EXAMPLES_MAX);
}

const sampleTable = (): File => new File([SALES], "sales.csv", { type: "text/csv" });

const SALES = `month,region,product,units,revenue
2026-01,North,Press,14,8400
2026-01,South,Press,9,5400
2026-01,East,Type,31,2480
2026-01,West,Type,22,1760
2026-02,North,Press,16,9600
2026-02,South,Press,12,7200
2026-02,East,Type,28,2240
2026-02,West,Paper,140,2100
2026-03,North,Press,19,11400
2026-03,South,Type,35,2800
2026-03,East,Paper,210,3150
2026-03,West,Press,11,6600
2026-04,North,Paper,180,2700
2026-04,South,Press,15,9000
2026-04,East,Press,13,7800
2026-04,West,Type,41,3280
2026-05,North,Press,21,12600
2026-05,South,Paper,160,2400
2026-05,East,Type,37,2960
2026-05,West,Press,14,8400
2026-06,North,Press,24,14400
2026-06,South,Press,17,10200
2026-06,East,Press,15,9000
2026-06,West,Paper,230,3450
`;

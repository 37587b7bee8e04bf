import type * as z from "zod";
import type { RunDetail, RunPage, RunSummary, RunTree } from "./runs.ts";

const PERMISSION = "runs:read-content";

/** A summary without what was asked, answered and said. */
export const withoutContent = <Summary extends RunSummary>(run: Summary): Summary => ({
  ...run,
  input_preview: "",
  output_preview: "",
  tags: [],
  failure: run.failure && { ...run.failure, message: "" },
});

/** Prompts, arguments, results and answers of a run need a permission of their own; that it exists and what it cost do not. */
export const RUN_CONTENT = {
  permission: PERMISSION,
  hide: (run: RunDetail): RunDetail => ({
    ...withoutContent(run),
    input: "",
    messages: [],
    variables: {},
    output: "",
    output_json: null,
    system_prompt: "",
    prompt: "",
    recalled: "",
    hint: "",
    files: [],
    questions: [],
    approvals: [],
    replies: [],
    summaries: [],
    step_list: [],
    artifacts: [],
    remembered: run.remembered && { ...run.remembered, problem: "" },
  }),
} as const;

export const RUN_TREE_CONTENT = {
  permission: PERMISSION,
  hide: (tree: RunTree): RunTree => ({ ...tree, items: tree.items.map(withoutContent), approvals: [] }),
} as const;

export const RUN_PAGE_CONTENT = {
  permission: PERMISSION,
  filters: ["tag", "search"],
  hide: ({ items, next }: z.output<typeof RunPage>): z.output<typeof RunPage> => ({
    items: items.map(withoutContent),
    next,
  }),
} as const;

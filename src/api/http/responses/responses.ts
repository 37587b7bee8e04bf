import { problems } from "../../contract/index.ts";

/** How any request can fail; put beside the success of every route. */
export const failures = {
  "4xx": problems.ProblemDetails,
  "5xx": problems.ProblemDetails,
} as const;

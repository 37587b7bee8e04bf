import type { Task } from "../../../../src/api/contract/index.ts";
import { cx } from "../../parts/class-names.ts";
import { text } from "../../text/text.ts";

const LOOKS: { readonly [Status in Task["status"]]: string } = {
  created: "text-idle bg-idle-soft",
  collecting: "text-busy bg-busy-soft",
  evaluating: "text-busy bg-busy-soft",
  working: "text-busy bg-busy-soft",
  done: "text-good bg-good-soft",
  failed: "text-bad bg-bad-soft",
  cancelled: "text-idle bg-idle-soft",
};

/** How a task stands, in its word and colour. */
export const TaskStatus = ({ status }: { readonly status: Task["status"] }) => (
  <span className={cx("rounded-full px-2 py-0.5 text-xs leading-4 font-medium whitespace-nowrap", LOOKS[status])}>
    {text.tasks.statuses[status]}
  </span>
);

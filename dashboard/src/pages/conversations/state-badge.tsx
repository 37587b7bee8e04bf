import type { Conversation } from "../../../../src/api/contract/index.ts";
import { cx } from "../../parts/class-names.ts";
import { text } from "../../text/text.ts";

const words = text.conversations;

const LOOKS: { readonly [State in Conversation["state"]]: string } = {
  initiated: "text-busy bg-busy-soft",
  "in-progress": "text-busy bg-busy-soft",
  completed: "text-good bg-good-soft",
  failed: "text-bad bg-bad-soft",
  expired: "text-warn bg-warn-soft",
  cancelled: "text-idle bg-idle-soft",
  merged: "text-idle bg-idle-soft",
};

/** The state of a conversation in its word and colour; and whether it is stuck. */
export const ConversationState = ({ of: { state, stuck } }: { readonly of: Pick<Conversation, "state" | "stuck"> }) => (
  <span className="inline-flex flex-wrap items-center gap-1">
    <span className={cx("rounded-full px-2 py-0.5 text-xs leading-4 font-medium whitespace-nowrap", LOOKS[state])}>
      {words.states[state]}
    </span>
    {stuck ? (
      <span
        title={words.stuckNote}
        className="rounded-full bg-bad-soft px-2 py-0.5 text-xs leading-4 font-medium whitespace-nowrap text-bad"
      >
        {words.stuck}
      </span>
    ) : null}
  </span>
);

import type { ToolServerDetail } from "../../../../src/api/contract/index.ts";
import { StatePill } from "../../parts/state-pill.tsx";
import { text } from "../../text.ts";

/** The state of a tool server. One that runs is as ready as one that is loaded: nothing is going on that would end. */
export const ServerState = ({ state }: Pick<ToolServerDetail, "state">) => (
  <StatePill state={state === "running" ? "loaded" : state} words={text.states[state]} />
);

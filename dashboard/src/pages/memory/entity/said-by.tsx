import { Link } from "@tanstack/react-router";
import type { MemoryObservation } from "../../../../../src/api/contract/index.ts";
import { text } from "../../../text/text.ts";

const words = text.memory;
const link = "text-accent underline underline-offset-2";

/** Who said it, with a way to the run or the message it came from. */
export function SaidBy({ of }: { readonly of: MemoryObservation["provenance"] }) {
  const { source, source_id: id, agent } = of;
  return (
    <span>
      {words.said[source](agent)}
      {source === "run" && id !== null ? (
        <>
          {" · "}
          <Link to="/runs/$id" params={{ id }} className={link}>
            {words.toRun}
          </Link>
        </>
      ) : null}
      {source === "message" && id !== null ? (
        <>
          {" · "}
          <Link to="/messages" search={{ message: id }} className={link}>
            {words.toMessage}
          </Link>
        </>
      ) : null}
    </span>
  );
}

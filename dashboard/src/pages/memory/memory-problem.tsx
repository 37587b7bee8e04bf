import { Link } from "@tanstack/react-router";
import { toProblem } from "../../api/client.ts";
import { buttonClass } from "../../parts/button.tsx";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { STORE } from "../../text/memory/store.ts";

export const isDamage = (error: unknown): boolean => toProblem(error).code === "MEMORY_FILE_DAMAGED";

type Props = {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
  readonly className?: string | undefined;
};

/** A failure of memory; where its file is damaged, with the way to the snapshots that bring it back. */
export const MemoryProblem = (props: Props) => (
  <ProblemView {...props}>
    {isDamage(props.error) ? (
      <Link to="/memory" search={{ tab: "store" }} hash="snapshots" className={buttonClass("plain", "small")}>
        {STORE.toSnapshots}
      </Link>
    ) : null}
  </ProblemView>
);

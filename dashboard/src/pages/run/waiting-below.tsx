import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { waitsForPerson } from "../../../../src/api/contract/index.ts";
import { useRun } from "../../api/live/run-live.ts";
import { runTreeQuery } from "../../api/queries.ts";
import { RunApprovals } from "../approvals/approval-card.tsx";
import { ChoiceBanner } from "./choice-banner.tsx";
import { DecisionBanner } from "./decision-banner.tsx";
import { Questions } from "./questions.tsx";

/** What the runs that work for a run wait for a person for. One that has waited keeps its place. */
export function WaitingBelow({ run: id, enabled }: { readonly run: string; readonly enabled: boolean }) {
  const { data: tree } = useQuery({ ...runTreeQuery(id), enabled });
  const [shown, setShown] = useState<readonly string[]>([]);
  const found = tree?.items.filter((run) => run.id !== id && waitsForPerson(run)) ?? [];
  const fresh = found.map((run) => run.id).filter((each) => !shown.includes(each));
  if (fresh.length > 0) setShown([...shown, ...fresh]);
  return shown.map((each) => <Waiting key={each} id={each} />);
}

function Waiting({ id }: { readonly id: string }) {
  const { data: run } = useRun(id);
  return run === undefined ? null : (
    <>
      <DecisionBanner run={run} />
      <ChoiceBanner run={run} />
      <RunApprovals run={run} />
      <Questions run={run} />
    </>
  );
}

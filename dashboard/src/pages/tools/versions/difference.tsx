import { useQuery } from "@tanstack/react-query";
import { toolServerDifferenceQuery } from "../../../api/tool-servers.ts";
import { Skeleton } from "../../../parts/empty.tsx";
import { ProblemView } from "../../../parts/problems/problem-view.tsx";
import { text } from "../../../text/text.ts";
import { ChangeList } from "./change-list.tsx";

type Props = { readonly server: string; readonly from: number; readonly to: number };

/** What is different between two revisions of a tool server. */
export function Difference({ server, from, to }: Props) {
  const { data, error, refetch } = useQuery(toolServerDifferenceQuery(server, from, to));
  if (data === undefined) {
    return error === null ? <Skeleton lines={3} /> : <ProblemView error={error} onRetry={() => void refetch()} />;
  }
  return <ChangeList label={text.tools.versions.changes} changes={data.changes} />;
}

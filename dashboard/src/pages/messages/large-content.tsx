import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { type KeptContent, keptContentAddress, keptContentQuery } from "../../api/kept-content.ts";
import { buttonClass } from "../../parts/button.tsx";
import { Card } from "../../parts/card.tsx";
import { Skeleton } from "../../parts/empty.tsx";
import { bytes } from "../../parts/format/format.ts";
import { ProblemView } from "../../parts/problems/problem-view.tsx";
import { text } from "../../text/text.ts";
import { TextBlock } from "../run/fold.tsx";

const words = text.messages.large;
const PREVIEW_CHARS = 4_000;

/** Content that is kept beside its message: how it begins, and all of it as a file. */
export function LargeContent({ kept }: { readonly kept: KeptContent }) {
  const { data, error, refetch } = useQuery(keptContentQuery(kept));
  const isCut = data !== undefined && data.length > PREVIEW_CHARS;
  return (
    <Card
      title={words.title(bytes(kept.bytes))}
      flush
      actions={
        <a
          href={keptContentAddress(kept)}
          download={`${kept.id}.${kept.media_type === "application/json" ? "json" : "txt"}`}
          className={buttonClass("plain", "small")}
        >
          <Download aria-hidden />
          {words.download}
        </a>
      }
    >
      {data === undefined && error === null ? <Skeleton lines={4} /> : null}
      {error === null ? null : <ProblemView error={error} onRetry={() => void refetch()} />}
      {data === undefined ? null : <TextBlock label={words.preview}>{data.slice(0, PREVIEW_CHARS)}</TextBlock>}
      {isCut ? <p className="px-4 pb-3 text-xs text-muted">{words.cut}</p> : null}
    </Card>
  );
}
